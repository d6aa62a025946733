using System.Collections.Concurrent;
using System.Threading.Channels;
using Orchestrator.Workers.Clones;

namespace Orchestrator.Tests.Clones;

/// <summary>A storage in memory for tests of the control plane: it does what the real one promises, when a test lets it.</summary>
public sealed class FakeStorage : ICloneHost, ISnapshotHost
{
    private readonly ConcurrentDictionary<Guid, CloneReport> _clones = new();
    private readonly ConcurrentDictionary<Guid, SnapshotReport> _snapshots = new();
    private readonly ConcurrentDictionary<Guid, bool> _gone = new();
    private readonly Channel<CloneReport> _changes = Channel.CreateUnbounded<CloneReport>();
    private int _port = 40000;

    /// <summary>What has been asked of it, in order.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>Runs before each work, by its name: create, reset, delete, take, drop. A test holds it or throws here.</summary>
    public Func<string, Task> Before { get; set; } = _ => Task.CompletedTask;

    public StorageReport Report { get; set; } = new()
    {
        StorageId = Guid.CreateVersion7(),
        Provider = "overlay",
        IsThin = true,
        FileSystem = "xfs",
        Unavailable = new Dictionary<string, string>(StringComparer.Ordinal),
        Size = 20L << 30,
        Free = 19L << 30,
        Reserve = 256L << 20,
        Sandbox = "root",
        Ports = 100,
        FreePorts = 100,
        Warnings = [],
    };

    public CloneActivity Activity { get; set; } = new(null, 0, 10);

    public ChannelReader<CloneReport> Changes => _changes.Reader;

    public Task<StorageContents> OpenAsync(CancellationToken cancellationToken) =>
        Task.FromResult(new StorageContents(Report.StorageId, [.. _clones.Values], [.. _snapshots.Values]));

    public async Task<CloneReport> CreateAsync(CloneSpec spec, CancellationToken cancellationToken)
    {
        Calls.Enqueue("create");
        await Before("create");
        if (_gone.ContainsKey(spec.CloneId))
            throw new CloneFailedException(CloneFailure.Cancelled, "It was destroyed.");
        if (!_snapshots.ContainsKey(spec.SnapshotId))
            throw new CloneFailedException(CloneFailure.SnapshotNotFound, "There is no such snapshot.");
        return _clones.GetOrAdd(spec.CloneId, id => new CloneReport
        {
            CloneId = id,
            SnapshotId = spec.SnapshotId,
            Revision = 1,
            State = CloneState.Running,
            Host = "127.0.0.1",
            Port = Interlocked.Increment(ref _port),
            Provider = "overlay",
        });
    }

    public async Task<CloneReport> ResetAsync(CloneReset reset, CancellationToken cancellationToken)
    {
        Calls.Enqueue("reset");
        await Before("reset");
        if (!_clones.TryGetValue(reset.CloneId, out var clone))
            throw new CloneFailedException(CloneFailure.CloneNotFound, "There is no such clone.");
        return _clones[reset.CloneId] = clone with { SnapshotId = reset.SnapshotId, Revision = reset.Revision };
    }

    async Task ICloneHost.DestroyAsync(Guid cloneId, CancellationToken cancellationToken)
    {
        Calls.Enqueue("delete");
        await Before("delete");
        _gone[cloneId] = true;
        _clones.TryRemove(cloneId, out _);
    }

    IReadOnlyList<CloneReport> ICloneHost.List() => [.. _clones.Values];

    public Task<long> MeasureAsync(Guid cloneId, CancellationToken cancellationToken) => Task.FromResult(200_704L);

    public Task<CloneActivity?> ReadActivityAsync(Guid cloneId, CancellationToken cancellationToken) => Task.FromResult<CloneActivity?>(Activity);

    public Task<StorageReport> ReportAsync(CancellationToken cancellationToken) => Task.FromResult(Report);

    public async Task<SnapshotReport> TakeAsync(SnapshotSpec spec, CancellationToken cancellationToken)
    {
        Calls.Enqueue($"take {spec.Live?.ToString() ?? spec.Dump?.Path ?? "clone"}");
        await Before("take");
        return _snapshots.GetOrAdd(spec.SnapshotId, id => new SnapshotReport
        {
            SnapshotId = id,
            DataStateAt = TimeProvider.System.GetUtcNow(),
            PhysicalSize = 300L << 20,
            LogicalSize = 300L << 20,
            PostgresVersion = 15,
            Databases = ["postgres", "shop"],
        });
    }

    async Task ISnapshotHost.DestroyAsync(Guid snapshotId, CancellationToken cancellationToken)
    {
        Calls.Enqueue("drop");
        await Before("drop");
        _snapshots.TryRemove(snapshotId, out _);
    }

    IReadOnlyList<SnapshotReport> ISnapshotHost.List() => [.. _snapshots.Values];

    /// <summary>A clone's Postgres fails for good.</summary>
    public void Fail(Guid cloneId, string reason) =>
        _changes.Writer.TryWrite(_clones[cloneId] = _clones[cloneId] with { State = CloneState.Failed, Reason = reason });

    /// <summary>What a crash of the disk would take.</summary>
    public void Lose(Guid cloneId) => _clones.TryRemove(cloneId, out _);
}
