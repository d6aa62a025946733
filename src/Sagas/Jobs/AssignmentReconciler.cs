using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Jobs;

/// <summary>What a reconcile had to mend. All zero is the expected outcome, always.</summary>
/// <param name="Unassigned">Jobs that waited although an enabled flavor fitted.</param>
/// <param name="Misplaced">Incomplete jobs on a flavor that is gone, disabled or does not fit.</param>
/// <param name="Miscounted">Flavors whose counter differed from the jobs.</param>
public sealed record Reconciliation(long Unassigned, long Misplaced, long Miscounted)
{
    public long Mended => Unassigned + Misplaced + Miscounted;
}

/// <summary>
/// Checks the assignments and counters against the rules. The check reads one snapshot without any lock, in which
/// every transaction is there as a whole or not at all, so it is exact under load; only mending takes the lock.
/// </summary>
public sealed class AssignmentReconciler(
    NpgsqlDataSource source, DurableTransactions transactions, ILogger<AssignmentReconciler> logger)
{
    private const string Actor = "reconcile";

    private const string Check = """
        WITH incomplete AS (
            SELECT platform, labels, assigned_flavor, source, is_aged, count(*) AS jobs
            FROM job WHERE completed_at IS NULL
            GROUP BY platform, labels, assigned_flavor, source, is_aged),
        counted AS (
            SELECT platform, assigned_flavor AS flavor, sum(jobs) AS jobs FROM incomplete
            WHERE assigned_flavor IS NOT NULL AND NOT is_aged GROUP BY platform, assigned_flavor),
        counter AS (
            SELECT platform, flavor, sum(delta) AS jobs FROM pressure_delta GROUP BY platform, flavor HAVING sum(delta) <> 0)
        SELECT platform, 'unassigned', sum(jobs)::bigint FROM incomplete i
        WHERE assigned_flavor IS NULL AND source < 2
          AND EXISTS (SELECT FROM flavor f WHERE f.platform = i.platform AND NOT f.is_disabled AND f.labels @> i.labels)
        GROUP BY platform
        UNION ALL
        SELECT platform, 'misplaced', sum(jobs)::bigint FROM incomplete i
        WHERE assigned_flavor IS NOT NULL
          AND NOT EXISTS (SELECT FROM flavor f WHERE f.platform = i.platform AND f.name = i.assigned_flavor
                                                 AND NOT f.is_disabled AND f.labels @> i.labels)
        GROUP BY platform
        UNION ALL
        SELECT platform, 'miscounted', count(*) FROM counted FULL JOIN counter USING (platform, flavor)
        WHERE counted.jobs IS DISTINCT FROM counter.jobs
        GROUP BY platform
        """;

    // $2 is not used: the statement ends as that of a single flavor does.
    private const string ReleaseMisplaced = $"""
        WITH misplaced AS MATERIALIZED (
            SELECT j.platform, j.id, j.assigned_flavor AS flavor FROM job j
            WHERE j.platform = $1 AND j.completed_at IS NULL AND j.assigned_flavor IS NOT NULL AND $2::text IS NULL
              AND NOT EXISTS (SELECT FROM flavor f WHERE f.platform = $1 AND f.name = j.assigned_flavor
                                                     AND NOT f.is_disabled AND f.labels @> j.labels)),
        released AS (
            UPDATE job j SET assigned_flavor = NULL FROM misplaced m WHERE j.platform = m.platform AND j.id = m.id
            RETURNING j.platform, j.id, m.flavor, j.started_at)
        {FlavorWriter.TellReleased}
        """;

    private const string Recount = """
        INSERT INTO pressure_delta (platform, flavor, delta)
        SELECT $1, flavor, coalesce(counted.jobs, 0) - coalesce(counter.jobs, 0)
        FROM (SELECT assigned_flavor AS flavor, count(*) AS jobs FROM job
              WHERE platform = $1 AND completed_at IS NULL AND assigned_flavor IS NOT NULL AND NOT is_aged
              GROUP BY assigned_flavor) counted
        FULL JOIN (SELECT flavor, sum(delta) AS jobs FROM pressure_delta WHERE platform = $1 GROUP BY flavor) counter USING (flavor)
        WHERE coalesce(counted.jobs, 0) <> coalesce(counter.jobs, 0)
        """;

    /// <summary>Checks, mends what is wrong, and says what it was.</summary>
    public async Task<Reconciliation> RunAsync(CancellationToken cancellationToken)
    {
        var findings = await CheckAsync(cancellationToken);
        foreach (var platform in findings.Select(finding => finding.Platform).Distinct(StringComparer.Ordinal))
        {
            await using var transaction = await transactions.BeginAsync(cancellationToken);
            await FlavorWriter.LockAsync(transaction, platform, cancellationToken);
            await transaction.ExecuteAsync(
                ReleaseMisplaced, cancellationToken, platform, Sql.Typed(NpgsqlDbType.Text, null), Actor, Sql.Typed(NpgsqlDbType.Text, null));
            await FlavorWriter.AssignWaitingAsync(transaction, platform, Actor, cancellationToken);
            await transaction.ExecuteAsync(Recount, cancellationToken, platform);
            transaction.Publish(new PressureChanged { Platform = platform, Flavors = await FlavorsAsync(transaction, platform, cancellationToken) });
            await transaction.CommitAsync(cancellationToken);
        }

        var result = new Reconciliation(Sum("unassigned"), Sum("misplaced"), Sum("miscounted"));
        if (result.Mended > 0)
            logger.LogError("Reconcile mended what should never break: {Result}", result);
        return result;

        long Sum(string what) =>
            findings.Where(finding => string.Equals(finding.What, what, StringComparison.Ordinal)).Sum(finding => finding.Count);
    }

    private static async Task<IReadOnlyList<string>> FlavorsAsync(
        DurableTransaction transaction, string platform, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command("SELECT coalesce(array_agg(name ORDER BY name), '{}') FROM flavor WHERE platform = $1", platform));
        return (string[])(await batch.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task<List<(string Platform, string What, long Count)>> CheckAsync(CancellationToken cancellationToken)
    {
        var findings = new List<(string, string, long)>();
        await using var command = source.CreateCommand(Check);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            findings.Add((reader.GetString(0), reader.GetString(1), reader.GetFieldValue<long>(2)));
        return findings;
    }
}
