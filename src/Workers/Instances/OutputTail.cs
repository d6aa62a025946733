using System.Text;
using Orchestrator.Workers.Runtimes;

namespace Orchestrator.Workers.Instances;

/// <summary>Keeps the end of what a program writes, to say why it ended.</summary>
internal sealed class OutputTail : IOutputSink
{
    private const int Capacity = 2048;

    private readonly Lock _lock = new();
    private readonly byte[] _bytes = new byte[Capacity];
    private int _length;

    public void Write(OutputStream stream, ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            if (bytes.Length > Capacity)
                bytes = bytes[^Capacity..];
            var keep = Math.Min(_length, Capacity - bytes.Length);
            _bytes.AsSpan(_length - keep, keep).CopyTo(_bytes);
            bytes.CopyTo(_bytes.AsSpan(keep));
            _length = keep + bytes.Length;
        }
    }

    /// <summary>The last lines that are not blank, joined, at most 500 characters; null when there is none.</summary>
    public string? LastLines()
    {
        string text;
        lock (_lock)
            text = Encoding.UTF8.GetString(_bytes, 0, _length);
        var lines = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length == 0)
            return null;
        var last = string.Concat(string.Join(" | ", lines).Where(c => !char.IsControl(c)));
        return last.Length > 500 ? last[^500..] : last;
    }
}
