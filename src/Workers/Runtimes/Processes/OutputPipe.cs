using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Orchestrator.Workers.Runtimes.Processes;

/// <summary>The two named pipes that one container writes to.</summary>
internal sealed class OutputPipe(SafeFileHandle stdout, SafeFileHandle stderr, IOutputSink sink)
{
    /// <summary>What the kernel keeps of a pipe at most, and therefore all that can have been written before a moment.</summary>
    public const int Capacity = 64 * 1024;

    private readonly Lock _lock = new();
    private bool _closed;

    /// <summary>Fills in what to wait for, and gives how many entries that are.</summary>
    public int Watch(Span<PollEntry> entries)
    {
        lock (_lock)
        {
            if (_closed)
                return 0;
            entries[0] = new PollEntry { Descriptor = (int)stdout.DangerousGetHandle(), Wanted = PollEntry.Readable };
            entries[1] = new PollEntry { Descriptor = (int)stderr.DangerousGetHandle(), Wanted = PollEntry.Readable };
            return 2;
        }
    }

    /// <summary>Hands to the sink what had been written when it was called.</summary>
    public void Drain()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Capacity);
        ReadAvailable(buffer);
        ArrayPool<byte>.Shared.Return(buffer);
    }

    public void ReadAvailable(byte[] buffer)
    {
        lock (_lock)
        {
            if (_closed)
                return;
            Read(stdout, OutputStream.Stdout, buffer);
            Read(stderr, OutputStream.Stderr, buffer);
        }
    }

    public void Close()
    {
        lock (_lock)
        {
            if (_closed)
                return;
            _closed = true;
            stdout.Dispose();
            stderr.Dispose();
        }
    }

    private void Read(SafeFileHandle pipe, OutputStream stream, byte[] buffer)
    {
        for (var total = 0; total < Capacity;)
        {
            var count = Libc.ReadAvailable(pipe, buffer);
            if (count <= 0)
                return;
            total += count;
            sink.Write(stream, buffer.AsSpan(0, count));
        }
    }
}
