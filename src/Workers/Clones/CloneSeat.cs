using Orchestrator.Workers.Clones.Postgres;
using Orchestrator.Workers.Clones.Storage;

namespace Orchestrator.Workers.Clones;

/// <summary>What this process holds of one clone. Whoever has the gate may change it.</summary>
internal sealed class CloneSeat(Guid id) : IDisposable
{
    private CancellationTokenSource _work = new();

    public Guid Id => id;

    public SemaphoreSlim Gate { get; } = new(1, 1);

    /// <summary>Null until its directory is there, and again when that is gone.</summary>
    public CloneRecord? Record { get; set; }

    public PostgresProcess? Process { get; set; }

    public CloneState State { get; set; } = CloneState.Starting;

    public string Reason { get; set; } = "";

    /// <summary>Completes when nothing of earlier revisions is left. Never faults.</summary>
    public Task Clearing { get; set; } = Task.CompletedTask;

    /// <summary>When the last restarts were, to slow down a Postgres that keeps dying.</summary>
    public Queue<long> Restarts { get; } = new();

    /// <summary>Cancelled when the clone is to be destroyed, or the host closes.</summary>
    public CancellationToken Working => _work.Token;

    /// <summary>Ends what is being done to the clone.</summary>
    public Task InterruptAsync() => _work.CancelAsync();

    /// <summary>After an interruption: what comes next runs again.</summary>
    public void Renew()
    {
        if (_work.IsCancellationRequested)
            _work = new CancellationTokenSource();
    }

    public void Dispose()
    {
        _work.Dispose();
        Gate.Dispose();
    }
}
