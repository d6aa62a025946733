using Microsoft.Extensions.Options;
using Orchestrator.Workers.Runtimes;

namespace Orchestrator.Workers.Calls.Agent;

/// <summary>
/// The agent's life in a host: first it removes what a worker that was killed left behind, then it looks after idle containers, and
/// at the end it lets running calls finish.
/// </summary>
public sealed class FunctionAgentService(
    FunctionAgent agent, IRuntime runtime, IOptions<HostOptions> host, TimeProvider time, ILogger<FunctionAgentService> logger)
    : IHostedService, IAsyncDisposable
{
    private const int LooksPerSecond = 10;

    private readonly CancellationTokenSource _stop = new();
    private Task _upkeep = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await runtime.ReapAsync(ContainerPurposes.Function, cancellationToken);
        foreach (var shortcoming in runtime.Shortcomings)
            logger.LogWarning("Runtime {Runtime}: {Shortcoming}", runtime.Name, shortcoming);
        await RemoveOldSocketsAsync(cancellationToken);
        _upkeep = UpkeepAsync(_stop.Token);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // Time is left to kill what does not end.
        patience.CancelAfter(host.Value.ShutdownTimeout * 0.8);
        await agent.DrainAsync(patience.Token);
        await _stop.CancelAsync();
        await _upkeep;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _upkeep;
        _stop.Dispose();
    }

    private async Task UpkeepAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1) / LooksPerSecond);
        for (var look = 0; ; look++)
        {
            try
            {
                if (!await timer.WaitForNextTickAsync(cancellationToken))
                    return;
                await agent.TidyAsync();
                if (look % LooksPerSecond == 0)
                    await agent.SampleAsync();
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                logger.LogError(exception, "Looking after idle functions failed; it is tried again.");
            }
        }
    }

    // A directory has the name of its container, and is made a moment before that.
    private async Task RemoveOldSocketsAsync(CancellationToken cancellationToken)
    {
        var living = (await runtime.ListAsync(ContainerPurposes.Function, cancellationToken)).Select(found => found.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var directory in new DirectoryInfo(agent.SocketRoot).EnumerateDirectories())
        {
            if (!living.Contains(directory.Name) && time.GetUtcNow().UtcDateTime - directory.CreationTimeUtc > TimeSpan.FromMinutes(10))
                RuntimeDirectory.Remove(directory.FullName);
        }
    }
}
