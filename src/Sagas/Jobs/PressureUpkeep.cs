using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Jobs;

/// <summary>Keeps the counters behind the pressure small, and jobs that grew too old out of it.</summary>
public sealed class PressureUpkeep(NpgsqlDataSource source, DurableTransactions transactions, IOptions<JobsOptions> options)
{
    private const string Fold = """
        WITH gone AS (
            DELETE FROM pressure_delta WHERE id IN (
                SELECT id FROM pressure_delta ORDER BY id LIMIT 20000 FOR UPDATE SKIP LOCKED)
            RETURNING platform, flavor, delta)
        INSERT INTO pressure_delta (platform, flavor, delta)
        SELECT platform, flavor, sum(delta) FROM gone GROUP BY platform, flavor HAVING sum(delta) <> 0
        """;

    private const int Bite = 5_000;

    // Sorted and in bites, so that the walk begins at the due end of its index, whatever the statistics make of the
    // bound. A job that somebody writes at the moment is left for the next run.
    private const string Age = """
        UPDATE job SET is_aged = true WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM job WHERE completed_at IS NULL AND NOT is_aged AND created_at < coalesce(now() - $1, '-infinity')
            ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED))
        RETURNING platform, assigned_flavor
        """;

    private const string Rejuvenate = """
        UPDATE job SET is_aged = false WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM job WHERE completed_at IS NULL AND is_aged AND created_at >= coalesce(now() - $1, '-infinity')
            ORDER BY created_at DESC LIMIT $2 FOR UPDATE SKIP LOCKED))
        RETURNING platform, assigned_flavor
        """;

    /// <summary>Folds the counters into one row per flavor, unless few have been added.</summary>
    public async Task FoldAsync(CancellationToken cancellationToken)
    {
        await using var count = source.CreateCommand(
            "SELECT count(*) > 2 * (SELECT count(*) FROM flavor) + 20 FROM (SELECT FROM pressure_delta LIMIT 100000) d");
        if (await count.ExecuteScalarAsync(cancellationToken) is not true)
            return;
        await using var fold = source.CreateCommand(Fold);
        await fold.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Takes jobs beyond <see cref="JobsOptions.PressureMaxAge"/> out of the count, and back in when it was raised.</summary>
    public async Task AgeAsync(CancellationToken cancellationToken)
    {
        foreach (var statement in (string[])[Age, Rejuvenate])
        {
            while (await TurnAsync(statement, cancellationToken) == Bite)
                cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private async Task<int> TurnAsync(string statement, CancellationToken cancellationToken)
    {
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        var turned = 0;
        var changed = new HashSet<(string Platform, string Flavor)>();
        await using (var batch = transaction.CreateBatch())
        {
            batch.BatchCommands.Add(Sql.Command(statement, Sql.Typed(NpgsqlDbType.Interval, options.Value.PressureMaxAge), Bite));
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            for (; await reader.ReadAsync(cancellationToken); turned++)
            {
                if (!reader.IsDBNull(1))
                    changed.Add((reader.GetString(0), reader.GetString(1)));
            }
        }

        foreach (var platform in changed.GroupBy(flavor => flavor.Platform, flavor => flavor.Flavor, StringComparer.Ordinal))
            transaction.Publish(new PressureChanged { Platform = platform.Key, Flavors = [.. platform.Order(StringComparer.Ordinal)] });
        await transaction.CommitAsync(cancellationToken);
        return turned;
    }
}
