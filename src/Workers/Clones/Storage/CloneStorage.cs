using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Options;
using Orchestrator.Workers.Clones.Postgres;
using Orchestrator.Workers.Runtimes.Cgroups;

namespace Orchestrator.Workers.Clones.Storage;

/// <summary>The storage directory, held by this process: what both hosts share of it.</summary>
internal sealed class CloneStorage(IOptions<CloneHostOptions> options, ILogger<CloneStorage> log) : IAsyncDisposable
{
    private const long MiB = 1 << 20;
    private const string DiskHint = "Stop idle clones, change snapshot policy or increase disk size";
    private static readonly TimeSpan LockInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan TombstonesKept = TimeSpan.FromDays(30);

    private readonly ConcurrentDictionary<Guid, SnapshotRecord> _snapshots = new();
    private readonly Dictionary<Guid, int> _pins = [];
    private readonly Lock _pinning = new();
    private readonly Lazy<ICgroups?> _cgroups = new(() => CgroupTree.Find(options.Value.CgroupParent));
    private FileStream? _held;
    private CloneProviders? _providers;
    private Sandbox? _sandbox;
    private long _promised;

    public CloneHostOptions Options => options.Value;

    public bool IsOpen => _sandbox is not null;

    public Guid Id { get; private set; }

    public StorageLayout Layout { get; private set; } = null!;

    public PortPool Ports { get; private set; } = null!;

    public CloneProviders Providers => _providers ?? throw NotOpen();

    public Sandbox Sandbox => _sandbox ?? throw NotOpen();

    /// <summary>Keeps clones within their bounds; null when they have none, or when there are no cgroups here.</summary>
    public ICgroups? Cgroups => Options.IsBounded ? _cgroups.Value : null;

    public IReadOnlyList<PostgresBinaries> Binaries { get; private set; } = [];

    public IEnumerable<SnapshotRecord> Snapshots => _snapshots.Values;

    /// <summary>What our processes have in their environment, so that they are found again.</summary>
    public IReadOnlyDictionary<string, string> Environment =>
        new Dictionary<string, string>(StringComparer.Ordinal) { [Sandbox.Marker] = Id.ToString("N") };

    /// <summary>Takes the storage and removes what a crash left half done; when that fails, it is let go again.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            await TakeAsync(cancellationToken);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    private async Task TakeAsync(CancellationToken cancellationToken)
    {
        if (Options.Directory.Length == 0)
            throw new InvalidOperationException("Clones:Directory is not set: this worker hosts no clones.");
        Directory.CreateDirectory(Options.Directory, DirectoryTree.OwnerOnly);
        var root = (await Command.RequireAsync(["realpath", "--", Options.Directory], cancellationToken)).Output.TrimEnd('\n');
        Layout = new StorageLayout(root);
        Ports = new PortPool(IPAddress.Parse(Options.ListenAddress), Options.PortFrom, Options.PortTo);
        _held = await HoldAsync(cancellationToken);
        Layout.CreateDirectories();
        Id = await IdentifyAsync(cancellationToken);
        await LeftBehind.EndAsync(Id, log, cancellationToken);
        await EmptyAsync(cancellationToken);
        await LoadSnapshotsAsync(cancellationToken);
        Binaries = await PostgresBinaries.FindAsync(Options.BinDirectory, cancellationToken);
        _providers = await CloneProviders.ChooseAsync(Options.Provider, Layout.New, cancellationToken);
        _sandbox = await Sandbox.CreateAsync(Layout, Options.Uid, cancellationToken);
        log.LogInformation(
            "Clones in {Directory} ({FileSystem}): provider {Provider}, sandbox {Sandbox}, Postgres {Versions}",
            root, DiskSpace.Of(root).FileSystem, _providers.Chosen.Name, _sandbox.Kind, string.Join(", ", Binaries.Select(found => found.Version)));
    }

    /// <summary>The programs for data of one major version.</summary>
    /// <exception cref="CloneFailedException"><see cref="CloneFailure.PostgresUnavailable"/>.</exception>
    public PostgresBinaries BinariesFor(int version) => Binaries.FirstOrDefault(found => found.Version == version)
        ?? throw new CloneFailedException(
            CloneFailure.PostgresUnavailable,
            $"Postgres {version} is not installed on the host of the clones; it has {(Binaries.Count == 0 ? "none" : string.Join(", ", Binaries.Select(found => found.Version)))}.",
            $"Install postgresql-{version} or set Clones:BinDirectory.");

    /// <summary>Keeps a snapshot from being destroyed until it is let go.</summary>
    /// <exception cref="CloneFailedException"><see cref="CloneFailure.SnapshotNotFound"/>.</exception>
    public SnapshotRecord Pin(Guid snapshotId)
    {
        lock (_pinning)
        {
            if (!_snapshots.TryGetValue(snapshotId, out var record))
                throw new CloneFailedException(CloneFailure.SnapshotNotFound, $"There is no snapshot {snapshotId}.");
            _pins[snapshotId] = _pins.GetValueOrDefault(snapshotId) + 1;
            return record;
        }
    }

    public void Unpin(Guid snapshotId)
    {
        lock (_pinning)
            _pins[snapshotId] = Math.Max(0, _pins.GetValueOrDefault(snapshotId) - 1);
    }

    public SnapshotRecord? Snapshot(Guid snapshotId) => _snapshots.GetValueOrDefault(snapshotId);

    public void Add(SnapshotRecord record) => _snapshots[record.Report.SnapshotId] = record;

    /// <summary>Forgets a snapshot, so that it gets no more clones; null when it is not there.</summary>
    /// <exception cref="CloneFailedException"><see cref="CloneFailure.SnapshotInUse"/>.</exception>
    public SnapshotRecord? Forget(Guid snapshotId)
    {
        lock (_pinning)
        {
            if (_pins.GetValueOrDefault(snapshotId) > 0)
                throw new CloneFailedException(CloneFailure.SnapshotInUse, $"Snapshot {snapshotId} has clones.", "Delete its clones first.");
            return _snapshots.TryRemove(snapshotId, out var record) ? record : null;
        }
    }

    /// <summary>Promises so many bytes until the answer is disposed, if that leaves the reserve.</summary>
    /// <exception cref="CloneFailedException"><see cref="CloneFailure.NotEnoughDiskSpace"/>.</exception>
    public IDisposable Reserve(long bytes)
    {
        var promised = Interlocked.Add(ref _promised, bytes);
        var free = DiskSpace.Of(Layout.Root).Free;
        if (free - promised >= Options.DiskReserveMiB * MiB)
            return new Promise(this, bytes);
        Interlocked.Add(ref _promised, -bytes);
        throw new CloneFailedException(
            CloneFailure.NotEnoughDiskSpace,
            string.Create(CultureInfo.InvariantCulture, $"{(bytes + MiB - 1) / MiB} MiB are needed beside a reserve of {Options.DiskReserveMiB} MiB; {Math.Max(0, free - promised + bytes) / MiB} MiB are free."),
            DiskHint);
    }

    /// <summary>Marks an id as destroyed for good.</summary>
    public void Bury(Guid id)
    {
        using var stone = new FileStream(Layout.Tombstone(id), FileMode.OpenOrCreate);
    }

    public bool IsBuried(Guid id) => File.Exists(Layout.Tombstone(id));

    /// <summary>Moves a directory out of sight in one step, for removal.</summary>
    public string MoveAway(string directory)
    {
        var gone = Path.Combine(Layout.Gone, Guid.CreateVersion7().ToString("N"));
        Directory.Move(directory, gone);
        return gone;
    }

    /// <summary>Moves one data directory out of sight in one step, for removal.</summary>
    public string MoveDataAway(string data)
    {
        var gone = Path.Combine(Layout.Gone, Guid.CreateVersion7().ToString("N"));
        Directory.CreateDirectory(gone, DirectoryTree.OwnerOnly);
        Directory.Move(data, Path.Combine(gone, Path.GetFileName(data)));
        return gone;
    }

    public async ValueTask DisposeAsync()
    {
        if (_held is not null)
            await _held.DisposeAsync();
        (_held, _sandbox) = (null, null);
    }

    private static InvalidOperationException NotOpen() => new("The storage of the clones is not open yet.");

    private async Task<FileStream> HoldAsync(CancellationToken cancellationToken)
    {
        for (var first = true; ; first = false)
        {
            try
            {
                return new FileStream(Layout.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException exception) when (exception is not (DirectoryNotFoundException or FileNotFoundException))
            {
                if (first)
                    log.LogInformation("{Directory} is held by another process; waiting to take over", Layout.Root);
                await Task.Delay(LockInterval, cancellationToken);
            }
        }
    }

    private async Task<Guid> IdentifyAsync(CancellationToken cancellationToken)
    {
        if (await StorageLayout.ReadAsync<StorageIdentity>(Layout.Identity, cancellationToken) is { } known)
            return known.Id;
        var id = Guid.CreateVersion7();
        await StorageLayout.WriteAsync(Layout.Identity, new StorageIdentity(id), cancellationToken);
        return id;
    }

    private async Task EmptyAsync(CancellationToken cancellationToken)
    {
        foreach (var directory in (string[])[Layout.New, Layout.Gone])
        {
            foreach (var left in Directory.EnumerateDirectories(directory))
            {
                log.LogInformation("Removing {Directory}, which was left half done", left);
                await Removal.OfAsync(left, cancellationToken);
            }
        }

        foreach (var stone in new DirectoryInfo(Layout.Tombstones).EnumerateFiles())
        {
            if (TimeProvider.System.GetUtcNow() - new DateTimeOffset(stone.LastWriteTimeUtc) > TombstonesKept)
                stone.Delete();
        }
    }

    private async Task LoadSnapshotsAsync(CancellationToken cancellationToken)
    {
        foreach (var id in StorageLayout.IdsIn(Layout.Snapshots))
        {
            if (IsBuried(id))
                await Removal.OfAsync(MoveAway(Layout.Snapshot(id)), cancellationToken);
            else if (await StorageLayout.ReadAsync<SnapshotRecord>(Path.Combine(Layout.Snapshot(id), SnapshotRecord.FileName), cancellationToken) is { } record)
                Add(record);
            else
                log.LogWarning("{Directory} holds no readable {File}: it is left alone", Layout.Snapshot(id), SnapshotRecord.FileName);
        }
    }

    private sealed record StorageIdentity(Guid Id);

    private sealed class Promise(CloneStorage storage, long bytes) : IDisposable
    {
        private int _isKept;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isKept, 1) == 0)
                Interlocked.Add(ref storage._promised, -bytes);
        }
    }
}
