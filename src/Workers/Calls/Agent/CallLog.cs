using System.Globalization;
using System.Text;
using Orchestrator.Workers.Runtimes;

namespace Orchestrator.Workers.Calls.Agent;

/// <summary>What one call wrote to stdout and stderr, up to a size; what exceeds it is replaced by the original's line.</summary>
/// <param name="limit">Bytes.</param>
public sealed class CallLog(int limit)
{
    private readonly Lock _lock = new();
    private byte[] _bytes = [];
    private int _length;
    private bool _isFull;
    private long _written;

    /// <summary>Bytes that the function wrote so far, with those that found no room.</summary>
    public long Written
    {
        get
        {
            lock (_lock)
                return _written;
        }
    }

    public ReadOnlyMemory<byte> Bytes
    {
        get
        {
            lock (_lock)
                return _bytes.AsMemory(0, _length);
        }
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            _written += bytes.Length;
            if (_isFull)
                return;
            var fitting = bytes[..Math.Min(bytes.Length, limit - _length)];
            Append(fitting);
            if (fitting.Length == bytes.Length)
                return;
            _isFull = true;
            Append(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\n-----max log size {limit} bytes exceeded, truncating log-----\n")));
        }
    }

    /// <summary>Adds a line of our own, also to a log that is full.</summary>
    public void WriteLine(string line)
    {
        lock (_lock)
        {
            if (_length > 0 && _bytes[_length - 1] != '\n')
                Append("\n"u8);
            Append(Encoding.UTF8.GetBytes(line));
            Append("\n"u8);
        }
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_length + bytes.Length > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_length + bytes.Length, Math.Max(1024, _bytes.Length * 2)));
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }
}

/// <summary>Takes what a container writes to the log of the call that it serves; what it writes between calls is nobody's.</summary>
internal sealed class CallLogs : IOutputSink
{
    private CallLog? _current;

    public CallLog? Current
    {
        get => Volatile.Read(ref _current);
        set => Volatile.Write(ref _current, value);
    }

    public void Write(OutputStream stream, ReadOnlySpan<byte> bytes) => Current?.Write(bytes);
}
