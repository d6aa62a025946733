using System.Security.Cryptography;
using System.Text;

namespace Orchestrator.Sagas.Messaging;

/// <summary>Ids derived from names: UUID version 5 (RFC 9562, section 5.5).</summary>
public static class NameIds
{
    private static readonly byte[] Namespace = new Guid("6f9d8f0e-6d0a-5c0f-9a51-4f7263680001").ToByteArray(bigEndian: true);

    /// <summary>A Guid that reads as one is itself; any other text is hashed.</summary>
    public static Guid OfMessageId(string messageId) =>
        Guid.TryParse(messageId, out var id) ? id : Of("message", messageId);

    /// <summary>The same parts always give the same id.</summary>
    public static Guid Of(params ReadOnlySpan<string> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(Namespace);
        foreach (var part in parts)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(part));
            hash.AppendData([0]);
        }

        Span<byte> bytes = stackalloc byte[20];
        hash.GetHashAndReset(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0f) | 0x50);
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new Guid(bytes[..16], bigEndian: true);
    }
}
