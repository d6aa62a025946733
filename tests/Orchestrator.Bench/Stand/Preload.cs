using Orchestrator.Bench.Intake;

namespace Orchestrator.Bench.Stand;

/// <summary>Fills the tables on the server itself: through every index, check and trigger, only without a client.</summary>
public static class Preload
{
    private const int Chunk = 250_000;

    private const string Jobs = """
        INSERT INTO job (platform, id, labels, created_at, started_at, completed_at, raw, assigned_flavor, changes)
        SELECT 'github', (40000000000 + n)::text, f.labels, t.at,
               CASE WHEN $3 THEN t.at + interval '30 seconds' END, CASE WHEN $3 THEN t.at + interval '9 minutes' END,
               jsonb_build_object('repository', 'acme/widgets', 'workflow', 'CI', 'run_id', n / 10, 'name', 'build (' || n % 7 || ')'),
               f.name, 12
        FROM generate_series($1::bigint, $2::bigint) AS n
        CROSS JOIN LATERAL (SELECT now() - interval '25 days' + n * interval '0.3 seconds' AS at) t
        JOIN (SELECT row_number() OVER (ORDER BY name) - 1 AS no, count(*) OVER () AS flavors, name, labels FROM flavor) f
          ON f.no = n % f.flavors
        """;

    private const string Fold = """
        WITH gone AS (DELETE FROM pressure_delta RETURNING platform, flavor, delta)
        INSERT INTO pressure_delta (platform, flavor, delta)
        SELECT platform, flavor, sum(delta) FROM gone GROUP BY platform, flavor HAVING sum(delta) <> 0
        """;

    public static async Task FlavorsAsync(Database database, CancellationToken cancellationToken)
    {
        foreach (var flavor in JobKind.All)
        {
            await database.ExecuteAsync(
                "INSERT INTO flavor (platform, name, labels, priority) VALUES ($1, $2, $3, $4)",
                cancellationToken, JobKind.Platform, flavor.Flavor, flavor.FlavorLabels, flavor.Priority);
        }
    }

    public static async Task JobsAsync(Database database, int first, int count, bool isCompleted, CancellationToken cancellationToken)
    {
        for (var done = 0; done < count; done += Chunk)
        {
            var last = first + Math.Min(count, done + Chunk) - 1;
            await database.ExecuteAsync(Jobs, cancellationToken, (long)first + done, (long)last, isCompleted);
            await FoldAsync(database, cancellationToken);
        }
    }

    /// <summary>Folds the counters into one row per flavor.</summary>
    public static Task FoldAsync(Database database, CancellationToken cancellationToken) => database.ExecuteAsync(Fold, cancellationToken);

    /// <summary>What autovacuum would have done by and by.</summary>
    public static async Task SettleAsync(Database database, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync("VACUUM (ANALYZE)", cancellationToken);
        await database.ExecuteAsync("CHECKPOINT", cancellationToken);
    }
}
