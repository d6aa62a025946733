using Npgsql;
using NpgsqlTypes;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Jobs;

/// <summary>
/// Changes flavors and moves the jobs that a change concerns, in one transaction under the platform's exclusive lock:
/// no job can come in meanwhile and miss it.
/// </summary>
public sealed class FlavorWriter
{
    private static readonly TimeSpan MoveTime = TimeSpan.FromMinutes(10);

    private static readonly string Lock = $"SELECT pg_advisory_xact_lock({AdvisoryLocks.Platform}, hashtext($1))";

    // Incomplete jobs of the flavor that must leave it: all of them, or those that it no longer fits.
    private const string Release = $"""
        WITH released AS (
            UPDATE job SET assigned_flavor = NULL
            WHERE platform = $1 AND assigned_flavor = $2 AND completed_at IS NULL
              AND NOT EXISTS (SELECT FROM flavor f WHERE f.platform = $1 AND f.name = $2
                                                     AND NOT f.is_disabled AND f.labels @> job.labels)
            RETURNING platform, id, $2 AS flavor, started_at)
        {TellReleased}
        """;

    /// <summary>Ends a statement whose CTE <c>released</c> gives jobs and the flavor they lost; $3 and $4: actor and trace.</summary>
    internal const string TellReleased = """
        INSERT INTO resource_event (kind, key, what, from_state, to_state, reason, actor, trace_id)
        SELECT 'job', platform || '/' || id, 'unassigned', CASE WHEN started_at IS NULL THEN 'assigned' ELSE 'running' END,
               CASE WHEN started_at IS NULL THEN 'unassigned' ELSE 'running' END, 'it lost flavor ' || flavor, $3, $4 FROM released
        """;

    private const string AssignWaiting = """
        WITH wanted AS MATERIALIZED (
            SELECT DISTINCT labels FROM job
            WHERE platform = $1 AND completed_at IS NULL AND assigned_flavor IS NULL AND source < 2),
        candidate AS MATERIALIZED (
            SELECT w.labels, best.names
            FROM wanted w CROSS JOIN LATERAL (
                SELECT array_agg(name) AS names FROM (
                    SELECT f.name, rank() OVER (ORDER BY f.priority DESC) AS place
                    FROM flavor f
                    WHERE f.platform = $1 AND NOT f.is_disabled AND f.labels @> w.labels) fitting
                WHERE place = 1) best
            WHERE best.names IS NOT NULL),
        moved AS (
            UPDATE job j
            SET assigned_flavor = c.names[1 + floor(random() * cardinality(c.names))::int]
            FROM candidate c
            WHERE j.platform = $1 AND j.completed_at IS NULL AND j.assigned_flavor IS NULL AND j.source < 2
              AND j.labels = c.labels
            RETURNING j.platform, j.id, j.assigned_flavor, j.started_at),
        told AS (
            INSERT INTO resource_event (kind, key, what, from_state, to_state, reason, actor, trace_id)
            SELECT 'job', platform || '/' || id, 'assigned', CASE WHEN started_at IS NULL THEN 'unassigned' ELSE 'running' END,
                   CASE WHEN started_at IS NULL THEN 'assigned' ELSE 'running' END, assigned_flavor, $2, $3 FROM moved)
        SELECT assigned_flavor, count(*) FROM moved GROUP BY assigned_flavor
        """;

    /// <summary>Adds a flavor; labels are already in normal form. False when the name is taken.</summary>
    public async Task<bool> AddAsync(DurableTransaction transaction, AddFlavor command, string actor, CancellationToken cancellationToken)
    {
        await LockAsync(transaction, command.Platform, cancellationToken);
        var added = await transaction.ExecuteAsync(
            """
            INSERT INTO flavor (platform, name, labels, priority, is_disabled, minimum_pressure, maximum_pressure,
                                provision_app, provision_region, provision_instance_type)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING
            """,
            cancellationToken,
            command.Platform, command.Name, command.Labels.ToArray(), command.Priority, command.IsDisabled,
            command.MinimumPressure, Sql.Typed(NpgsqlDbType.Integer, command.MaximumPressure),
            Sql.Typed(NpgsqlDbType.Bigint, command.Provision?.AppId), Sql.Typed(NpgsqlDbType.Bigint, command.Provision?.RegionId),
            Sql.Typed(NpgsqlDbType.Text, command.Provision?.InstanceType)) == 1;
        if (!added)
            return false;
        transaction.Publish(new FlavorAdded { Platform = command.Platform, Name = command.Name });
        Record(transaction, command.Platform, command.Name, "added", command.IsDisabled ? "disabled" : "enabled", actor);
        await AssignAsync(transaction, command.Platform, command.Name, actor, cancellationToken);
        return true;
    }

    /// <summary>Changes what the command names. False when there is no such flavor.</summary>
    /// <exception cref="InvalidMessageException">The bounds of the pressure would cross.</exception>
    public async Task<bool> UpdateAsync(DurableTransaction transaction, UpdateFlavor command, string actor, CancellationToken cancellationToken)
    {
        await LockAsync(transaction, command.Platform, cancellationToken);
        await using (var batch = transaction.CreateBatch())
        {
            batch.BatchCommands.Add(Sql.Command(
                """
                UPDATE flavor SET
                    labels = coalesce($3, labels), priority = coalesce($4, priority),
                    is_disabled = coalesce($5, is_disabled), minimum_pressure = coalesce($6, minimum_pressure),
                    maximum_pressure = CASE WHEN $8 THEN NULL ELSE coalesce($7, maximum_pressure) END,
                    provision_app = CASE WHEN $12 THEN NULL ELSE coalesce($9, provision_app) END,
                    provision_region = CASE WHEN $12 THEN NULL WHEN $9 IS NULL THEN provision_region ELSE $10 END,
                    provision_instance_type = CASE WHEN $12 THEN NULL ELSE coalesce($11, provision_instance_type) END,
                    updated_at = now()
                WHERE platform = $1 AND name = $2
                RETURNING is_disabled
                """,
                command.Platform, command.Name,
                Sql.Typed(NpgsqlDbType.Array | NpgsqlDbType.Text, command.Labels?.ToArray()),
                Sql.Typed(NpgsqlDbType.Integer, command.Priority), Sql.Typed(NpgsqlDbType.Boolean, command.IsDisabled),
                Sql.Typed(NpgsqlDbType.Integer, command.MinimumPressure), Sql.Typed(NpgsqlDbType.Integer, command.MaximumPressure),
                command.NoMaximumPressure,
                Sql.Typed(NpgsqlDbType.Bigint, command.Provision?.AppId), Sql.Typed(NpgsqlDbType.Bigint, command.Provision?.RegionId),
                Sql.Typed(NpgsqlDbType.Text, command.Provision?.InstanceType), command.NoProvision));
            if (await UpdateRowAsync(batch, cancellationToken) is not { } isDisabled)
                return false;
            transaction.Publish(new FlavorUpdated { Platform = command.Platform, Name = command.Name, IsDisabled = isDisabled });
            Record(transaction, command.Platform, command.Name, "updated", isDisabled ? "disabled" : "enabled", actor);
        }

        await ReleaseAsync(transaction, command.Platform, command.Name, actor, cancellationToken);
        await AssignAsync(transaction, command.Platform, command.Name, actor, cancellationToken);
        return true;
    }

    private static async Task<bool?> UpdateRowAsync(NpgsqlBatch batch, CancellationToken cancellationToken)
    {
        try
        {
            return await batch.ExecuteScalarAsync(cancellationToken) as bool?;
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.CheckViolation)
        {
            throw new InvalidMessageException("INVALID_FIELD", "'Maximum Pressure' must be at least the minimum pressure.");
        }
    }

    /// <summary>Removes a flavor. False when there is none; that is no error.</summary>
    public async Task<bool> DeleteAsync(
        DurableTransaction transaction, string platform, string name, string actor, CancellationToken cancellationToken)
    {
        await LockAsync(transaction, platform, cancellationToken);
        if (await transaction.ExecuteAsync("DELETE FROM flavor WHERE platform = $1 AND name = $2", cancellationToken, platform, name) == 0)
            return false;
        transaction.Publish(new FlavorDeleted { Platform = platform, Name = name });
        Record(transaction, platform, name, "deleted", null, actor);
        await ReleaseAsync(transaction, platform, name, actor, cancellationToken);
        await AssignAsync(transaction, platform, name, actor, cancellationToken);
        return true;
    }

    /// <summary>Assigns the waiting jobs of a platform; the caller holds the platform's exclusive lock.</summary>
    internal static async Task<IReadOnlyDictionary<string, long>> AssignWaitingAsync(
        DurableTransaction transaction, string platform, string actor, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(AssignWaiting, platform, actor, Sql.Typed(NpgsqlDbType.Text, TraceId())));
        var moved = new Dictionary<string, long>(StringComparer.Ordinal);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            moved[reader.GetString(0)] = reader.GetInt64(1);
        return moved;
    }

    /// <summary>Takes the platform's exclusive lock; what follows may move a million jobs, and gets the time for it.</summary>
    internal static Task<int> LockAsync(DurableTransaction transaction, string platform, CancellationToken cancellationToken)
    {
        transaction.Timeout = MoveTime;
        return transaction.ExecuteAsync(Lock, cancellationToken, platform);
    }

    private static Task<int> ReleaseAsync(
        DurableTransaction transaction, string platform, string flavor, string actor, CancellationToken cancellationToken) =>
        transaction.ExecuteAsync(
            Release, cancellationToken, platform, Sql.Typed(NpgsqlDbType.Text, flavor), actor, Sql.Typed(NpgsqlDbType.Text, TraceId()));

    private static async Task AssignAsync(
        DurableTransaction transaction, string platform, string changed, string actor, CancellationToken cancellationToken)
    {
        var moved = await AssignWaitingAsync(transaction, platform, actor, cancellationToken);
        transaction.Publish(new PressureChanged
        {
            Platform = platform,
            Flavors = [.. moved.Keys.Append(changed).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
        });
    }

    private static void Record(DurableTransaction transaction, string platform, string name, string what, string? to, string actor) =>
        transaction.Record(new ResourceEvent
        {
            Kind = "flavor",
            Key = $"{platform}/{name}",
            What = what,
            ToState = to,
            Actor = actor,
            TraceId = TraceId(),
        });

    private static string? TraceId() => System.Diagnostics.Activity.Current?.TraceId.ToHexString();
}
