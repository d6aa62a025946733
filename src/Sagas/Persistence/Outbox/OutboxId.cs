using System.Buffers.Binary;

namespace Orchestrator.Sagas.Persistence.Outbox;

/// <summary>
/// Ids of version 7 whose 12 bits after the time count within the millisecond: sorted by them, the messages of a process
/// are in the order in which they were made.
/// </summary>
internal static class OutboxId
{
    private const int CounterBits = 12;

    private static long s_last;

    public static Guid Next()
    {
        Span<byte> bytes = stackalloc byte[16];
        Guid.CreateVersion7().TryWriteBytes(bytes, bigEndian: true, out _);
        var first = BinaryPrimitives.ReadInt64BigEndian(bytes);
        var place = NextPlace(first >>> 16 << CounterBits);
        var version = first & 0xF000;
        BinaryPrimitives.WriteInt64BigEndian(bytes, (place >>> CounterBits << 16) | version | (place & 0xFFF));
        return new Guid(bytes, bigEndian: true);
    }

    private static long NextPlace(long now)
    {
        while (true)
        {
            var last = Volatile.Read(ref s_last);
            var next = Math.Max(now, last + 1);
            if (Interlocked.CompareExchange(ref s_last, next, last) == last)
                return next;
        }
    }
}
