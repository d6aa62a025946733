using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Orchestrator.Workers.Calls.Agent;

/// <summary>A hash over all that makes two containers of a function differ.</summary>
internal static class FunctionRevision
{
    public static string Of(FunctionSpec function)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, function.AppId);
        Add(hash, function.FnId);
        Add(hash, function.AppName);
        Add(hash, function.FnName);
        Add(hash, function.Image);
        Add(hash, function.MemoryMiB);
        Add(hash, function.MilliCpus);
        Add(hash, function.TmpfsMiB);
        Add(hash, function.Timeout.Ticks);
        Add(hash, function.IdleTimeout.Ticks);
        Add(hash, function.MaxConcurrency ?? -1);
        Add(hash, (int)function.Network);
        foreach (var (name, value) in function.Config.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            Add(hash, name);
            Add(hash, value);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // With its length before it, so that no two lists of texts look alike.
    private static void Add(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Add(hash, bytes.Length);
        hash.AppendData(bytes);
    }

    private static void Add(IncrementalHash hash, long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        hash.AppendData(bytes);
    }
}
