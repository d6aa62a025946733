using System.Security.Cryptography;

namespace Orchestrator.Local.Servers;

/// <summary>Passwords and tokens.</summary>
internal static class RandomSecret
{
    /// <summary>192 random bits in hex: safe in URIs, connection strings, shells and configuration files.</summary>
    public static string Create() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
}
