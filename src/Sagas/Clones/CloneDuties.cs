using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Contracts.Clones;
using Orchestrator.Sagas.Duties;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Persistence.Timers;

namespace Orchestrator.Sagas.Clones;

/// <summary>Tells the clones of a host that has been away for too long, and forgets such a host when it has nothing left.</summary>
public sealed class FollowCloneHosts(NpgsqlDataSource source, DurableTransactions transactions, IOptions<CloneOptions> options, TimeProvider time) : IDuty
{
    private static readonly string Lost = $"""
        SELECT c.correlation_id, c.attempt, h.seen_at FROM clone c JOIN clone_host h ON h.id = c.host_id
        WHERE c.state IN ('Creating', 'Ready', 'Resetting', 'Deleting') AND now() - h.seen_at > $1 AND NOT {CloneHosts.IsAlive} LIMIT 1000
        """;

    private static readonly string Empty = $"""
        DELETE FROM clone_host h WHERE now() - h.seen_at > $1 AND NOT {CloneHosts.IsAlive}
              AND NOT EXISTS (SELECT FROM clone c WHERE c.host_id = h.id) AND NOT EXISTS (SELECT FROM clone_snapshot s WHERE s.host_id = h.id)
        """;

    public string Name => "follow-clone-hosts";

    public TimeSpan Interval => TimeSpan.FromSeconds(5);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var lost = new List<CloneHostLost>();
        await using (var command = source.CreateCommand(Lost))
        {
            command.Parameters.Add(new() { Value = options.Value.HostLossTimeout });
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                lost.Add(new CloneHostLost
                {
                    CloneId = reader.GetGuid(0),
                    Attempt = reader.GetInt32(1),
                    Detail = string.Create(CultureInfo.InvariantCulture, $"Its host has been away since {reader.GetFieldValue<DateTimeOffset>(2).UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}."),
                });
            }
        }

        if (lost.Count > 0)
        {
            await using var transaction = await transactions.BeginAsync(cancellationToken);
            foreach (var clone in lost)
                transaction.Publish(Envelope.Command(clone, time.GetUtcNow()));
            await transaction.CommitAsync(cancellationToken);
        }

        await using var forget = source.CreateCommand(Empty);
        forget.Parameters.Add(new() { Value = options.Value.HostLossTimeout });
        await forget.ExecuteNonQueryAsync(cancellationToken);
    }
}

/// <summary>
/// Finds whatever is stuck: a clone or snapshot that is longer in a state than it may be, and a lease or a time to be
/// deleted that nobody noticed. Timers do all this in time; the sweep proves it, a minute later.
/// </summary>
public sealed class SweepClones(NpgsqlDataSource source, DurableTransactions transactions, IOptions<CloneOptions> options, TimeProvider time) : IDuty
{
    private const string Stuck = """
        SELECT 'clone deadline', correlation_id, attempt, NULL::timestamptz FROM clone
        WHERE (state IN ('Creating', 'Resetting') AND state_since < database_now() - $1 - interval '1 minute')
           OR (state = 'Deleting' AND state_since < database_now() - $2 - interval '1 minute')
        UNION ALL
        SELECT 'clone lease', correlation_id, attempt, protected_till FROM clone
        WHERE state <> 'Deleting' AND is_protected AND protected_till < database_now() - interval '1 minute'
        UNION ALL
        SELECT 'clone due', correlation_id, attempt, delete_at FROM clone
        WHERE state <> 'Deleting' AND delete_at < database_now() - interval '1 minute'
              AND NOT (is_protected AND (protected_till IS NULL OR protected_till > database_now()))
        UNION ALL
        SELECT 'snapshot deadline', correlation_id, attempt, NULL FROM clone_snapshot
        WHERE (state = 'Making' AND state_since < database_now() - $3 - interval '1 minute')
           OR (state = 'Deleting' AND state_since < database_now() - 2 * $2 - interval '1 minute')
        UNION ALL
        SELECT 'snapshot lease', correlation_id, attempt, protected_till FROM clone_snapshot
        WHERE state <> 'Deleting' AND is_protected AND protected_till < database_now() - interval '1 minute'
        UNION ALL
        SELECT 'snapshot due', correlation_id, attempt, delete_at FROM clone_snapshot
        WHERE state <> 'Deleting' AND delete_at < database_now() - interval '1 minute'
              AND NOT (is_protected AND (protected_till IS NULL OR protected_till > database_now()))
        LIMIT 1000
        """;

    public string Name => "sweep-clones";

    public TimeSpan Interval => TimeSpan.FromSeconds(30);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        var found = 0;
        await using (var command = source.CreateCommand(Stuck))
        {
            command.Parameters.Add(new() { Value = options.Value.BuildTimeout });
            command.Parameters.Add(new() { Value = options.Value.DeleteTimeout });
            command.Parameters.Add(new() { Value = options.Value.SnapshotTimeout });
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            for (; await reader.ReadAsync(cancellationToken); found++)
            {
                var (key, attempt) = (reader.GetGuid(1), reader.GetInt32(2));
                var at = await reader.IsDBNullAsync(3, cancellationToken) ? default : reader.GetFieldValue<DateTimeOffset>(3);
                transaction.Publish(Message(reader.GetString(0), key, attempt, at));
            }
        }

        if (found > 0)
            await transaction.CommitAsync(cancellationToken);
    }

    private Persistence.Outbox.OutboxMessage Message(string what, Guid key, int attempt, DateTimeOffset at) => what switch
    {
        "clone deadline" => Envelope.Command(new CloneDeadlinePassed { CloneId = key, Attempt = attempt }, time.GetUtcNow()),
        "clone lease" => Envelope.Command(new CloneLeaseExpired { CloneId = key, ProtectedTill = at }, time.GetUtcNow()),
        "clone due" => Envelope.Command(new CloneDue { CloneId = key, DeleteAt = at }, time.GetUtcNow()),
        "snapshot deadline" => Envelope.Command(new SnapshotDeadlinePassed { SnapshotKey = key, Attempt = attempt }, time.GetUtcNow()),
        "snapshot lease" => Envelope.Command(new SnapshotLeaseExpired { SnapshotKey = key, ProtectedTill = at }, time.GetUtcNow()),
        _ => Envelope.Command(new SnapshotDue { SnapshotKey = key, DeleteAt = at }, time.GetUtcNow()),
    };
}

/// <summary>Deletes clones that nobody uses.</summary>
public sealed class DeleteIdleClones(
    NpgsqlDataSource source, DurableTransactions transactions, CloneCommands commands, IOptions<CloneOptions> options, ILogger<DeleteIdleClones> logger) : IDuty
{
    // Only a look of late says that a clone is not in use.
    private const string Idle = """
        SELECT c.id FROM clone c JOIN clone_measure m ON m.clone_id = c.correlation_id
        WHERE c.state = 'Ready' AND NOT (c.is_protected AND (c.protected_till IS NULL OR c.protected_till > database_now()))
              AND m.measured_at > now() - 3 * $2 - interval '10 seconds'
              AND greatest(m.last_active_at, c.state_since) < database_now() - $1
        ORDER BY c.id LIMIT 100
        """;

    public string Name => "delete-idle-clones";

    public TimeSpan Interval => options.Value.MeasureInterval;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (options.Value.MaxIdleMinutes == 0)
            return;
        foreach (var id in await FindAsync(cancellationToken))
        {
            try
            {
                await using var transaction = await transactions.BeginAsync(cancellationToken);
                await commands.DeleteAsync(
                    transaction, new DeleteClone { Id = id, Reason = $"idle for {options.Value.MaxIdleMinutes} minutes" }, Name, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
            }
            catch (CloneRefusedException exception)
            {
                logger.LogDebug("Idle clone {Clone} stays: {Reason}", id, exception.Message);
            }
        }
    }

    private async Task<List<string>> FindAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(Idle);
        command.Parameters.Add(new() { Value = TimeSpan.FromMinutes(options.Value.MaxIdleMinutes) });
        command.Parameters.Add(new() { Value = options.Value.MeasureInterval });
        var ids = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            ids.Add(reader.GetString(0));
        return ids;
    }
}

/// <summary>
/// Deletes the snapshots of a configured source beyond those that are to be kept, unless they are in use or protected, and
/// forgets those that could not be made.
/// </summary>
public sealed class PruneSnapshots(
    NpgsqlDataSource source, DurableTransactions transactions, CloneCommands commands, IOptions<CloneOptions> options, ILogger<PruneSnapshots> logger) : IDuty
{
    private const string Surplus = """
        SELECT id, 'there are newer ones' FROM (
            SELECT s.id, s.source_name, s.is_protected AND (s.protected_till IS NULL OR s.protected_till > database_now()) AS is_held,
                   EXISTS (SELECT FROM clone c WHERE c.snapshot_id = s.id) AS is_used,
                   row_number() OVER (PARTITION BY s.source_name ORDER BY s.data_state_at DESC, s.created_at DESC) AS rank
            FROM clone_snapshot s WHERE s.state = 'Ready' AND s.source_name IS NOT NULL) ranked
        JOIN unnest($1, $2) AS kept (name, count) ON kept.name = ranked.source_name
        WHERE rank > kept.count AND NOT is_held AND NOT is_used
        UNION ALL
        SELECT id, 'it could not be made' FROM clone_snapshot WHERE state = 'Fatal' AND state_since < database_now() - interval '7 days'
        LIMIT 100
        """;

    public string Name => "prune-snapshots";

    public TimeSpan Interval => TimeSpan.FromSeconds(10);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (var (id, reason) in await FindAsync(cancellationToken))
        {
            try
            {
                await using var transaction = await transactions.BeginAsync(cancellationToken);
                await commands.DeleteAsync(transaction, new DeleteSnapshot { Id = id, Reason = reason }, Name, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
            }
            catch (CloneRefusedException exception)
            {
                logger.LogDebug("Snapshot {Snapshot} stays: {Reason}", id, exception.Message);
            }
        }
    }

    private async Task<List<(string Id, string Reason)>> FindAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(Surplus);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. options.Value.Sources.Keys] });
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = [.. options.Value.Sources.Values.Select(one => one.Keep ?? options.Value.KeepSnapshots)] });
        var found = new List<(string, string)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            found.Add((reader.GetString(0), reader.GetString(1)));
        return found;
    }
}

/// <summary>Keeps the schedules of the sources as they are configured.</summary>
public sealed class KeepRefreshSchedules(DurableTransactions transactions, CronSchedules schedules, IOptions<CloneOptions> options) : IDuty
{
    public string Name => "keep-refresh-schedules";

    public TimeSpan Interval => TimeSpan.FromMinutes(1);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var wanted = options.Value.Sources.Where(source => source.Value.Schedule is { Length: > 0 })
            .ToDictionary(source => source.Key, source => source.Value.Schedule!, StringComparer.Ordinal);
        var kept = await schedules.ListAsync(CloneOptions.ScheduleGroup, cancellationToken);
        foreach (var schedule in kept.Where(schedule => !wanted.ContainsKey(schedule.Key)))
        {
            await using var transaction = await transactions.BeginAsync(cancellationToken);
            await schedules.RemoveAsync(transaction, CloneOptions.ScheduleGroup, schedule.Key, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        foreach (var (name, expression) in wanted)
        {
            if (kept.Any(schedule => schedule.Key == name && schedule.Expression == expression))
                continue;
            await using var transaction = await transactions.BeginAsync(cancellationToken);
            await schedules.SetAsync(
                transaction, CloneOptions.ScheduleGroup, name, CronTimetable.Parse(expression), new RefreshSnapshot { Source = name }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
    }
}
