using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Orchestrator.Api.Http;
using Orchestrator.Sagas.Clones;
using Orchestrator.Sagas.Persistence.Timers;

namespace Orchestrator.Api.Clones;

/// <summary>Puts the state of everything about clones together.</summary>
public sealed class InstanceStatus(CloneReader reader, CloneHosts hosts, CronSchedules schedules, IOptions<CloneOptions> options, TimeProvider time)
{
    public const string Edition = "orchestrator";

    private static readonly string Version = typeof(InstanceStatus).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    private readonly DateTimeOffset _startedAt = time.GetUtcNow();

    public async Task<InstanceStatusBody> ReadAsync(CancellationToken cancellationToken)
    {
        var (expected, now) = await reader.ReadPaceAsync(cancellationToken);
        var all = await hosts.ListAsync(cancellationToken);
        var clones = (await reader.ListAsync(cancellationToken)).ToList();
        var snapshots = await reader.ListSnapshotsAsync(cancellationToken);
        var retrieving = await ReadRetrievingAsync(cancellationToken);
        var bodies = clones.Select(view => CloneBody.Of(view, options.Value, now)).ToList();
        return new InstanceStatusBody
        {
            Status = StatusOf(Warnings(all, snapshots, retrieving, now)),
            Disk = new DiskBody(all.Where(host => host.IsAlive).Sum(host => host.Host.DiskSize), all.Where(host => host.IsAlive).Sum(host => host.Host.DiskFree)),
            ExpectedCloningTime = expected,
            NumClones = clones.Count,
            Clones = bodies,
            Snapshots = [.. snapshots.Select(view => SnapshotBody.Of(view, now))],
            Engine = Engine(all.Select(host => host.Host.Id).FirstOrDefault()),
            Pools = [.. all.Select(host => Pool(host.Host, host.IsAlive, clones, snapshots, retrieving))],
            Cloning = new CloningBody
            {
                ExpectedCloningTime = expected,
                NumClones = clones.Count,
                Clones = bodies,
                ProtectionLeaseDurationMinutes = options.Value.ProtectionLeaseDurationMinutes,
                ProtectionMaxDurationMinutes = options.Value.ProtectionMaxDurationMinutes,
            },
            Retrieving = retrieving,
            Provisioner = new ProvisionerBody("", new Dictionary<string, string>(StringComparer.Ordinal)),
            Synchronization = new SynchronizationBody
            {
                Status = new StatusBody("Not available", ""),
                LastReplayedLsn = "",
                LastReplayedLsnAt = "",
                ReplicationLag = 0,
                ReplicationUptime = 0,
            },
        };
    }

    /// <summary>How the making of snapshots stands.</summary>
    public async Task<RetrievingBody> ReadRetrievingAsync(CancellationToken cancellationToken)
    {
        var asked = await reader.ListLastAskedAsync(cancellationToken);
        var last = asked.FirstOrDefault(snapshot => snapshot.State is not nameof(SnapshotStateMachine.Deleting));
        var failed = asked.TakeWhile(snapshot => snapshot.State is nameof(SnapshotStateMachine.Fatal)).ToList();
        var alerts = new Dictionary<string, AlertBody>(StringComparer.Ordinal);
        if (failed.Count > 0)
            alerts["refresh_failed"] = new AlertBody("error", $"Snapshot {failed[0].Id}: {failed[0].FatalCode}: {failed[0].FatalDetail}", failed[0].StateSince, failed.Count);
        return new RetrievingBody
        {
            Mode = last switch { null => "unknown", { Dump: not null } => "logical", _ => "physical" },
            Status = last?.State switch
            {
                null => "inactive",
                nameof(SnapshotStateMachine.Making) => "refreshing",
                nameof(SnapshotStateMachine.Fatal) => "failed",
                _ => "finished",
            },
            LastRefresh = asked.FirstOrDefault(snapshot => snapshot.State is nameof(SnapshotStateMachine.Ready))?.CreatedAt,
            NextRefresh = (await schedules.ListAsync("clones", cancellationToken)).Min(schedule => schedule.NextAt),
            Alerts = alerts,
        };
    }

    private EngineBody Engine(string? instanceId) => new()
    {
        Version = Version,
        Edition = Edition,
        InstanceId = instanceId ?? "",
        StartedAt = _startedAt,
        Telemetry = false,
        DisableConfigModification = true,
    };

    private static StatusBody StatusOf(List<string> warnings) => warnings.Count == 0
        ? new StatusBody(CloneStatus.Ok, "Instance is ready")
        : new StatusBody(CloneStatus.Warning, $"Subsystems that need attention: {string.Join(" ", warnings)}");

    private List<string> Warnings(
        IReadOnlyList<(CloneHostRow Host, bool IsAlive)> all, IReadOnlyList<SnapshotView> snapshots, RetrievingBody retrieving, DateTimeOffset now)
    {
        var warnings = new List<string>();
        foreach (var (host, isAlive) in all)
        {
            if (!isAlive)
                warnings.Add($"HOST_AWAY: the host {host.Id} is away.");
            else
                warnings.AddRange(JsonSerializer.Deserialize<List<HostWarning>>(host.Warnings, JsonFormat.Options)!.Select(warning => $"{warning.Code}: {warning.Message}"));
        }

        if (retrieving.Alerts.Values.FirstOrDefault() is { } alert)
            warnings.Add($"RETRIEVING: {alert.Message}");
        if (options.Value.StaleAfter is { } bound && snapshots.FirstOrDefault()?.Snapshot.DataStateAt is { } newest && newest < now - bound)
            warnings.Add(string.Create(CultureInfo.InvariantCulture, $"SNAPSHOT_STALE: the newest data is of {newest.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}."));
        return warnings;
    }

    private static PoolBody Pool(
        CloneHostRow host, bool isAlive, List<CloneView> clones, IReadOnlyList<SnapshotView> snapshots, RetrievingBody retrieving)
    {
        var own = clones.Where(view => view.State.HostId == host.Id).ToList();
        var kept = snapshots.Where(view => view.Snapshot.HostId == host.Id).Select(view => view.Snapshot).ToList();
        var taken = own.Count(view => view.State.State is not nameof(CloneStateMachine.Fatal) || view.State.IsStored);
        return new PoolBody
        {
            Name = host.Id,
            Mode = host.Provider,
            Thin = host.IsThin,
            DataStateAt = kept.FirstOrDefault()?.DataStateAt,
            Status = !isAlive ? "away" : retrieving.Status is "refreshing" ? "refreshing" : kept.Count == 0 ? "empty" : "active",
            CloneList = [.. own.Select(view => view.State.Id)],
            FileSystem = new FileSystemBody
            {
                Mode = host.Provider,
                Type = host.FileSystem,
                Size = host.DiskSize,
                Free = host.DiskFree,
                Used = host.DiskSize - host.DiskFree,
                DataSize = kept.FirstOrDefault()?.LogicalSize ?? 0,
                UsedBySnapshots = kept.Sum(snapshot => snapshot.PhysicalSize),
                UsedByClones = own.Sum(view => view.Measure?.DiffSize ?? 0),
                CompressRatio = 1,
            },
            Address = host.Address,
            Ports = host.Ports,
            FreePorts = Math.Max(0, host.Ports - taken),
            Unavailable = JsonSerializer.Deserialize<Dictionary<string, string>>(host.Unavailable, JsonFormat.Options)!,
        };
    }

    private sealed record HostWarning(string Code, string Message);
}
