using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;
using Orchestrator.Contracts.Instances;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Instances.Capacity;

/// <summary>
/// Makes machines of pressure: for each flavor with a template it keeps as many instances as are wanted. Each step reads
/// everything anew and commits what it does in one transaction under the flavor's lock, so any replica may do it at any
/// time: one at a time, from whatever state, and a step that is missed is done by the next.
/// </summary>
public sealed class CapacityController(
    NpgsqlDataSource source, DurableTransactions transactions, InstanceSagas sagas, IOptions<InstancesOptions> options, ILogger<CapacityController> logger)
{
    private const string Actor = "capacity";

    private static readonly string Lock = $"SELECT pg_advisory_xact_lock({AdvisoryLocks.Capacity}, hashtext($1 || '/' || $2))";

    // One statement for all flavors: only those that are not as they should be get a step.
    private const string Look = """
        WITH live AS (
            SELECT flavor_platform AS platform, flavor_name AS name,
                   count(*) FILTER (WHERE status <> 'stopping' AND instance_status = 'running') AS active,
                   count(*) FILTER (WHERE status = 'running' AND job_id IS NULL AND asked_at IS NULL AND idle_since + $3 <= database_now()) AS idle,
                   count(*) FILTER (WHERE status = 'provisioning' AND NOT is_placed) AS waiting,
                   count(*) FILTER (WHERE job_id IS NOT NULL AND NOT EXISTS (
                       SELECT FROM job j WHERE j.platform = i.job_platform AND j.id = i.job_id AND j.completed_at IS NULL)) AS over
            FROM instance i WHERE flavor_name IS NOT NULL AND status IN ('provisioning', 'running', 'stopping')
            GROUP BY flavor_platform, flavor_name),
        wanted AS (
            SELECT p.platform, p.name, p.pressure FROM flavor_pressure p JOIN flavor f USING (platform, name) WHERE f.provision_app IS NOT NULL)
        SELECT platform, name
        FROM wanted FULL JOIN live USING (platform, name)
        WHERE ($1::text[] IS NULL OR (platform, name) IN (SELECT * FROM unnest($1::text[], $2::text[])))
          AND (coalesce(active, 0) < coalesce(pressure, 0) OR (active > coalesce(pressure, 0) AND idle + waiting > 0) OR over > 0)
        ORDER BY platform, name
        """;

    /// <summary>Looks at all flavors, or at these, and takes a step where one is due; says for how many.</summary>
    public async Task<int> ReconcileAsync(IReadOnlyCollection<(string Platform, string Flavor)>? flavors, CancellationToken cancellationToken)
    {
        var steps = 0;
        foreach (var (platform, flavor) in await DueAsync(flavors, cancellationToken))
        {
            try
            {
                steps += await StepAsync(platform, flavor, cancellationToken) ? 1 : 0;
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested && !Transient.Is(exception))
            {
                // What is wrong with one flavor concerns no other.
                logger.LogError(exception, "The capacity of flavor {Platform}/{Flavor} could not be planned", platform, flavor);
            }
        }

        return steps;
    }

    /// <summary>One step for one flavor. False when nothing was to do.</summary>
    public async Task<bool> StepAsync(string platform, string flavor, CancellationToken cancellationToken)
    {
        // In a transaction of its own, so that each locks its instances in one order.
        var left = await LeaveJobsAsync(platform, flavor, cancellationToken);
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        await transaction.ExecuteAsync(Lock, cancellationToken, platform, flavor);
        var (state, template) = await ReadAsync(transaction, platform, flavor, cancellationToken);
        var plan = CapacityPlan.Of(state, options.Value.CoolDown);
        if (plan.IsNothing)
            return left;
        var canceled = plan.Cancel.ToHashSet();
        // In the order of ids, as whoever ends all instances of an app: else each could wait for the other.
        foreach (var instance in plan.Cancel.Concat(plan.Ask).Order())
        {
            if (canceled.Contains(instance))
            {
                await sagas.RaiseAsync(
                    transaction, instance, sagas.Machine.Terminate, new TerminateInstance { InstanceId = instance, Reason = Reasons.Idle }, Actor, cancellationToken);
            }
            else
            {
                await sagas.RaiseAsync(transaction, instance, sagas.Machine.Asked, new EndAsked(), Actor, cancellationToken);
            }
        }

        var made = await MakeAsync(transaction, plan.Create, template, (platform, flavor), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        if (made + plan.Ask.Count + plan.Cancel.Count > 0)
        {
            logger.LogInformation(
                "Flavor {Platform}/{Flavor}: {Desired} wanted, {Made} more made, {Asked} idle asked to end", platform, flavor, state.Desired, made, plan.Ask.Count + plan.Cancel.Count);
        }

        return true;
    }

    private async Task<int> MakeAsync(
        DurableTransaction transaction, int count, Template? template, (string Platform, string Name) flavor, CancellationToken cancellationToken)
    {
        for (var made = 0; made < count; made++)
        {
            var command = new ProvisionInstance
            {
                InstanceId = Guid.CreateVersion7(),
                AppId = template!.App,
                RegionId = template.Region,
                InstanceType = template.InstanceType,
            };
            var outcome = await sagas.ProvisionForAsync(transaction, command, flavor, Actor, cancellationToken);
            if (outcome.Refusal is { } refusal)
            {
                logger.LogWarning("Flavor {Platform}/{Flavor} gets no more instances: {Reason}", flavor.Platform, flavor.Name, refusal.Detail);
                return made;
            }

            // One that found no room waits for all of them.
            if (outcome.Instance is { IsPlaced: false })
                return made + 1;
        }

        return count;
    }

    // Jobs that ended, or were deleted, without their instance having heard of it.
    private async Task<bool> LeaveJobsAsync(string platform, string flavor, CancellationToken cancellationToken)
    {
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        await transaction.ExecuteAsync(Lock, cancellationToken, platform, flavor);
        var over = new List<(Guid Instance, JobLeft Job)>();
        await using (var batch = transaction.CreateBatch())
        {
            batch.BatchCommands.Add(Sql.Command(
                """
                SELECT correlation_id, job_platform, job_id FROM instance i
                WHERE flavor_platform = $1 AND flavor_name = $2 AND status IN ('provisioning', 'running', 'stopping') AND job_id IS NOT NULL
                  AND NOT EXISTS (SELECT FROM job j WHERE j.platform = i.job_platform AND j.id = i.job_id AND j.completed_at IS NULL)
                ORDER BY correlation_id
                """,
                platform, flavor));
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                over.Add((reader.GetGuid(0), new JobLeft(reader.GetString(1), reader.GetString(2))));
        }

        foreach (var (instance, job) in over)
            await sagas.RaiseAsync(transaction, instance, sagas.Machine.Left, job, Actor, cancellationToken);
        if (over.Count > 0)
            await transaction.CommitAsync(cancellationToken);
        return over.Count > 0;
    }

    private static async Task<(CapacityState State, Template? Template)> ReadAsync(
        DurableTransaction transaction, string platform, string flavor, CancellationToken cancellationToken)
    {
        var (desired, maximum, template, failures, lastFailure, now) = await WantedAsync(transaction, platform, flavor, cancellationToken);
        var instances = new List<CapacityInstance>();
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(
            """
            SELECT correlation_id, status, instance_status = 'running', is_placed, job_id IS NOT NULL, asked_at IS NOT NULL,
                   coalesce(lease_until > database_now(), false), idle_since
            FROM instance WHERE flavor_platform = $1 AND flavor_name = $2 AND status IN ('provisioning', 'running', 'stopping')
            ORDER BY id DESC
            """,
            platform, flavor));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            instances.Add(new CapacityInstance
            {
                Id = reader.GetGuid(0),
                Status = reader.GetString(1),
                IsWanted = reader.GetBoolean(2),
                IsPlaced = reader.GetBoolean(3),
                IsBusy = reader.GetBoolean(4),
                IsAsked = reader.GetBoolean(5),
                IsLeased = reader.GetBoolean(6),
                IdleSince = reader.IsDBNull(7) ? null : reader.GetFieldValue<DateTimeOffset>(7),
            });
        }

        return (new CapacityState { Desired = desired, Maximum = maximum, Instances = instances, FailuresInARow = failures, LastFailure = lastFailure, Now = now }, template);
    }

    private static async Task<(long Desired, long? Maximum, Template? Template, int Failures, DateTimeOffset? LastFailure, DateTimeOffset Now)> WantedAsync(
        DurableTransaction transaction, string platform, string flavor, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(
            """
            WITH failed AS (
                SELECT count(*) AS times, max(ended_at) AS last FROM instance
                WHERE flavor_platform = $1 AND flavor_name = $2 AND status = 'failed' AND ended_at > database_now() - interval '10 minutes'
                  AND reason_code NOT IN ('node_lost', 'drained') AND id > coalesce((
                    SELECT max(id) FROM instance
                    WHERE flavor_platform = $1 AND flavor_name = $2 AND status = 'terminated' AND ended_at > database_now() - interval '10 minutes'), 0))
            SELECT p.pressure, f.maximum_pressure, f.provision_app, f.provision_region, f.provision_instance_type, failed.times, failed.last, database_now()
            FROM failed
            LEFT JOIN flavor f ON f.platform = $1 AND f.name = $2 AND f.provision_app IS NOT NULL
            LEFT JOIN flavor_pressure p ON p.platform = f.platform AND p.name = f.name
            """,
            platform, flavor));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var template = reader.IsDBNull(2) ? null : new Template(reader.GetInt64(2), reader.IsDBNull(3) ? null : reader.GetInt64(3), reader.GetString(4));
        return (
            reader.IsDBNull(0) ? 0 : reader.GetInt64(0), reader.IsDBNull(1) ? null : reader.GetInt32(1), template, (int)reader.GetInt64(5),
            reader.IsDBNull(6) ? null : reader.GetFieldValue<DateTimeOffset>(6), reader.GetFieldValue<DateTimeOffset>(7));
    }

    private async Task<List<(string Platform, string Flavor)>> DueAsync(
        IReadOnlyCollection<(string Platform, string Flavor)>? flavors, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(Look);
        command.Parameters.Add(Sql.Typed(NpgsqlDbType.Array | NpgsqlDbType.Text, flavors?.Select(flavor => flavor.Platform).ToArray()));
        command.Parameters.Add(Sql.Typed(NpgsqlDbType.Array | NpgsqlDbType.Text, flavors?.Select(flavor => flavor.Flavor).ToArray()));
        command.Parameters.Add(new() { Value = options.Value.CoolDown });
        var due = new List<(string, string)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            due.Add((reader.GetString(0), reader.GetString(1)));
        return due;
    }

    private sealed record Template(long App, long? Region, string InstanceType);
}
