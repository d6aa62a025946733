using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Duties;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Workers.Actions;

/// <summary>Finds attempts whose worker is gone, forward and backward, and has them run by another one.</summary>
public sealed class RecoverAttempts(
    NpgsqlDataSource source, DurableTransactions transactions, DeploymentEngine engine, IOptions<ActionsOptions> options,
    ILogger<RecoverAttempts> logger) : IDuty
{
    private const int Bite = 200;

    // A server that has just started holds no locks: its clients have to come back first.
    private static readonly string Lost = $"""
        SELECT a.deployment_id, a.attempt FROM action_deployments_attempts a
        WHERE a.state = 'Running'
        AND NOT EXISTS (SELECT FROM pg_locks k WHERE k.objid::bigint = a.worker AND {LiveWorkers.IsLock})
        AND pg_postmaster_start_time() < now() - interval '10 seconds'
        LIMIT {Bite}
        """;

    public string Name => "recover-attempts";

    public TimeSpan Interval => TimeSpan.FromSeconds(1);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        int found;
        do
        {
            var lost = await Attempts.ReadAsync(source.CreateCommand(Lost), cancellationToken);
            found = lost.Count;
            if (found == 0)
                return;
            logger.LogInformation("{Count} jobs of workers that are gone are run again", found);
            await using var transaction = await transactions.BeginAsync(cancellationToken);
            await engine.ApplyAsync(
                transaction,
                [.. lost.Select(a => new DeploymentEvent(a.DeploymentId, new AttemptLost(a.Attempt, IsHandedBack: false, options.Value.MaxLosses)))],
                cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        while (found == Bite);
    }
}

/// <summary>Finds deployments whose list of jobs no worker has known for too long.</summary>
public sealed class FindIncompatible(
    NpgsqlDataSource source, DurableTransactions transactions, DeploymentEngine engine, IOptions<ActionsOptions> options) : IDuty
{
    private static readonly string Unknown = $"""
        SELECT a.deployment_id, a.attempt FROM action_deployments_attempts a
        WHERE a.state = 'Scheduled' AND a.due_at < now() - $1
        AND NOT EXISTS (
            SELECT FROM action_workers w JOIN pg_locks k ON k.objid::bigint = w.worker
            WHERE w.hash = a.hash AND {LiveWorkers.IsLock})
        AND pg_postmaster_start_time() < now() - interval '10 seconds'
        LIMIT 200
        """;

    public string Name => "find-incompatible";

    public TimeSpan Interval => options.Value.IncompatibleAfter < TimeSpan.FromSeconds(20) ? TimeSpan.FromSeconds(1) : TimeSpan.FromSeconds(10);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await JobLists.ForgetDeadAsync(source, cancellationToken);
        var command = source.CreateCommand(Unknown);
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = options.Value.IncompatibleAfter });
        var found = await Attempts.ReadAsync(command, cancellationToken);
        if (found.Count == 0)
            return;
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        await engine.ApplyAsync(
            transaction,
            [.. found.Select(a => new DeploymentEvent(a.DeploymentId, new JobListUnknown(a.Attempt, options.Value.IncompatibleAfter)))],
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}

internal static class Attempts
{
    public static async Task<List<(Guid DeploymentId, int Attempt)>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var _ = command;
        var rows = new List<(Guid, int)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            rows.Add((reader.GetGuid(0), reader.GetInt32(1)));
        return rows;
    }
}
