using System.Diagnostics;

namespace Orchestrator.Tests.Calls;

/// <summary>
/// What functions write down of themselves, in the order in which they did: a named pipe that they write lines to, and
/// an append-only file of those lines.
/// </summary>
internal sealed class CallLedger : IAsyncDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly FileStream _pipe;
    private readonly StreamWriter _file;
    private readonly Task _reading;
    private readonly List<string> _lines = [];

    public CallLedger()
    {
        var name = $"{Guid.CreateVersion7():N}";
        File = Path.Combine(TestFunctions.Pipes, name);
        using (var make = Process.Start("mkfifo", ["-m", "666", File]))
            make.WaitForExit();
        // For both: a pipe that has a writer of its own does not end.
        _pipe = new FileStream(File, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, 1, useAsync: false);
        _file = new StreamWriter(new FileStream(File + ".ledger", FileMode.Append, FileAccess.Write, FileShare.Read)) { AutoFlush = true };
        _reading = Task.Factory.StartNew(Read, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Where functions write to.</summary>
    public string File { get; }

    /// <summary>How many calls have begun.</summary>
    public int Begun
    {
        get
        {
            lock (_lines)
                return _lines.Count(line => line.StartsWith("begin", StringComparison.Ordinal));
        }
    }

    /// <summary>Each call began once at most, and nothing of what repeats it began before it was dead.</summary>
    /// <param name="originOf">The first call of a chain of repeats.</param>
    public void ShouldHaveNoneTwiceAtOnce(Func<string, string> originOf)
    {
        List<string[]> lines;
        lock (_lines)
            lines = [.. _lines.Select(line => line.Split('\t'))];
        Assert.NotEmpty(lines);
        var begun = new HashSet<string>(StringComparer.Ordinal);
        var last = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            var (what, call) = (line[0], line[1]);
            var origin = originOf(call);
            if (what == "begin")
            {
                Assert.True(begun.Add(call), $"{call} began twice");
                last[origin] = call;
            }
            else
            {
                // Whatever began later of the same chain began while this one was still alive.
                Assert.True(last[origin] == call, $"{call} was alive after {last[origin]}, which repeats it, had begun");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _pipe.Write("over\n"u8);
        _pipe.Flush();
        await _reading;
        await _pipe.DisposeAsync();
        await _file.DisposeAsync();
        _ending.Dispose();
        System.IO.File.Delete(File);
        System.IO.File.Delete(File + ".ledger");
    }

    private void Read()
    {
        using var reader = new StreamReader(_pipe, leaveOpen: true);
        while (!_ending.IsCancellationRequested && reader.ReadLine() is { } line)
        {
            if (line is "over")
                return;
            _file.WriteLine(line);
            lock (_lines)
                _lines.Add(line);
        }
    }
}
