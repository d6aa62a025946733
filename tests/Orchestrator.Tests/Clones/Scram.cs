using System.Security.Cryptography;
using System.Text;

namespace Orchestrator.Tests.Clones;

/// <summary>What a client keeps to itself, and what it hands over.</summary>
internal static class Scram
{
    private const int Iterations = 4096;

    /// <summary>The verifier of a password, as RFC 5803 and Postgres write it.</summary>
    public static string Verifier(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(16);
        var salted = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, Iterations, HashAlgorithmName.SHA256, 32);
        var stored = SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8));
        var server = HMACSHA256.HashData(salted, "Server Key"u8);
        return $"SCRAM-SHA-256${Iterations}:{Convert.ToBase64String(salt)}${Convert.ToBase64String(stored)}:{Convert.ToBase64String(server)}";
    }
}
