using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Orchestrator.Sagas.Calls;

/// <summary>
/// Ids of apps, fns, triggers and calls, as the original makes them: 48 bits of Unix milliseconds, 48 bits of the
/// process, a 32 bit counter, written as 26 characters. Ids of one process are in the order of their making.
/// </summary>
public sealed class CallId(TimeProvider time)
{
    public const int Length = 26;

    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    private readonly byte[] _process = RandomNumberGenerator.GetBytes(6);
    private readonly Lock _lock = new();
    private long _millisecond;
    private uint _count;

    /// <summary>The next id; higher than all before it, even when the clock went back.</summary>
    public string Next()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (_lock)
        {
            var now = time.GetUtcNow().ToUnixTimeMilliseconds();
            _millisecond = Math.Max(_millisecond, now);
            if (++_count == 0)
                _millisecond++;
            Write(bytes, _millisecond, _count);
        }

        return Encode(bytes);
    }

    /// <summary>The lowest id of a moment: ids made later are higher.</summary>
    public static string LowestAt(DateTimeOffset moment)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, (ulong)Math.Clamp(moment.ToUnixTimeMilliseconds(), 0, (1L << 48) - 1) << 16);
        return Encode(bytes);
    }

    /// <summary>True for text that is an id, in whatever case.</summary>
    public static bool IsId(string? text) => text is { Length: Length } && TryDecode(text, stackalloc byte[16]);

    /// <summary>16 bytes as 26 characters, two zero bits in front.</summary>
    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        var value = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        return string.Create(Length, value, static (text, rest) =>
        {
            for (var i = text.Length - 1; i >= 0; i--, rest >>= 5)
                text[i] = Alphabet[(int)(rest & 31)];
        });
    }

    /// <summary>The 16 bytes of an id; false for text that is none.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        if (text.Length != Length || Value(text[0]) is < 0 or > 7)
            return false;
        UInt128 value = 0;
        foreach (var letter in text)
        {
            var five = Value(letter);
            if (five < 0)
                return false;
            value = (value << 5) | (uint)five;
        }

        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return true;
    }

    private static int Value(char letter) => Alphabet.IndexOf(char.ToUpperInvariant(letter), StringComparison.Ordinal);

    private void Write(Span<byte> bytes, long millisecond, uint count)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, (ulong)millisecond << 16);
        _process.CopyTo(bytes[6..]);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[12..], count);
    }
}
