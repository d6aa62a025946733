using System.IO.Pipes;
using Microsoft.Win32.SafeHandles;

namespace Orchestrator.Workers.Runtimes.Processes;

/// <summary>
/// Reads what all containers write, on one thread of its own: their pipes are many and mostly silent, and .NET would block a
/// thread of the pool for each.
/// </summary>
internal sealed class OutputPipes : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<OutputPipe> _pipes = [];
    private readonly AnonymousPipeServerStream _wakeWriter = new(PipeDirection.Out);
    private readonly SafeFileHandle _wakeReader;
    private bool _disposed;

    public OutputPipes()
    {
        _wakeReader = new SafeFileHandle(_wakeWriter.ClientSafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        new Thread(Loop) { IsBackground = true, Name = "output" }.Start();
    }

    public void Add(OutputPipe pipe)
    {
        lock (_lock)
            _pipes.Add(pipe);
        Wake();
    }

    public void Remove(OutputPipe pipe)
    {
        lock (_lock)
            _pipes.Remove(pipe);
        pipe.Close();
        Wake();
    }

    public void Dispose()
    {
        lock (_lock)
        {
            // Twice when two services are one object.
            if (_disposed)
                return;
            _disposed = true;
        }

        Wake();
    }

    private void Wake() => _wakeWriter.WriteByte(0);

    private void Loop()
    {
        var buffer = new byte[OutputPipe.Capacity];
        var entries = new PollEntry[8];
        var watched = new List<OutputPipe>();
        while (true)
        {
            watched.Clear();
            lock (_lock)
            {
                if (_disposed)
                    break;
                watched.AddRange(_pipes);
            }

            if (entries.Length < (watched.Count * 2) + 1)
                entries = new PollEntry[watched.Count * 4];
            var count = 0;
            entries[count++] = new PollEntry { Descriptor = (int)_wakeReader.DangerousGetHandle(), Wanted = PollEntry.Readable };
            foreach (var pipe in watched)
                count += pipe.Watch(entries.AsSpan(count));
            Libc.WaitReadable(entries, count);
            if (entries[0].Found != 0)
                Libc.ReadAvailable(_wakeReader, buffer);
            foreach (var pipe in watched)
                pipe.ReadAvailable(buffer);
        }

        _wakeWriter.Dispose();
    }
}
