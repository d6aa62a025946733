using System.Diagnostics;

namespace Orchestrator.Local.Run;

/// <summary>Keeps processes alive: whatever ends without being asked to is started again within a second.</summary>
internal sealed class Supervisor(RunConsole console) : IAsyncDisposable
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _watches = [];

    /// <summary>Watches a process that is up.</summary>
    public void Watch(Supervised supervised) => _watches.Add(Task.Run(() => WatchAsync(supervised, _stopping.Token)));

    /// <summary>Ends the watching, so that what ends from now on stays ended.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_watches).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task WatchAsync(Supervised supervised, CancellationToken cancellationToken)
    {
        var pause = Shortest;
        while (true)
        {
            var process = supervised.Process!;
            var code = await process.Exit.WaitAsync(cancellationToken);
            console.Note($"{supervised.Label} (pid {process.Pid}) ended with code {code}; starting it again");
            // The first restart is quick; one that does not get ready makes the next one wait.
            await Task.Delay(pause, cancellationToken);
            var since = Stopwatch.GetTimestamp();
            try
            {
                await supervised.StartAsync(cancellationToken);
                console.Note($"{supervised.Label} is ready again after {Stopwatch.GetElapsedTime(since).TotalSeconds:0.0} s (pid {supervised.Process!.Pid})");
                pause = Shortest;
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                console.Note(exception.Message);
                pause = pause * 2 < Longest ? pause * 2 : Longest;
            }
        }
    }
}
