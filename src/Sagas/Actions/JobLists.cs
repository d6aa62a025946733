using Npgsql;

namespace Orchestrator.Sagas.Actions;

/// <summary>Workers that live hold the lock of <see cref="Persistence.Outbox.OutboxOwner"/>.</summary>
public static class LiveWorkers
{
    /// <summary>Rows of <c>pg_locks k</c> that are the lock of a process of ours; <c>k.objid</c> is its number.</summary>
    public const string IsLock = """
        k.locktype = 'advisory' AND k.classid = 2 AND k.objsubid = 2 AND k.granted
        AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """;
}

/// <summary>Lists of jobs as they are stored, and which worker knows which.</summary>
public static class JobLists
{
    private const string Store = """
        INSERT INTO action_job_lists (hash, application, action, list)
        SELECT * FROM unnest($1, $2, $3, $4)
        ON CONFLICT (hash) DO UPDATE SET started_at = CASE WHEN $5 THEN now() ELSE action_job_lists.started_at END
        """;

    private const string Advertise = """
        INSERT INTO action_workers (worker, hash) SELECT $1, * FROM unnest($2) ON CONFLICT DO NOTHING
        """;

    private const string Forget = $"""
        DELETE FROM action_workers w
        WHERE NOT EXISTS (SELECT FROM pg_locks k WHERE k.objid::bigint = w.worker AND {LiveWorkers.IsLock})
        AND advertised_at < now() - interval '1 minute'
        """;

    /// <summary>Stores lists, so that any process can look them up.</summary>
    /// <param name="source">The database.</param>
    /// <param name="lists">What to store.</param>
    /// <param name="isStart">True when a worker that knows them starts: among lists of one action the last started is the newest.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task StoreAsync(NpgsqlDataSource source, IReadOnlyList<JobList> lists, bool isStart, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(Store);
        var ordered = lists.OrderBy(list => list.Hash, StringComparer.Ordinal).ToList();
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. ordered.Select(list => list.Hash)] });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. ordered.Select(list => list.Application)] });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. ordered.Select(list => list.Action)] });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. ordered.Select(ActionCatalogue.Write)] });
        command.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = isStart });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Says that a worker can run the jobs of these lists, for as long as it lives.</summary>
    public static async Task AdvertiseAsync(NpgsqlDataSource source, int worker, IReadOnlyCollection<string> hashes, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(Advertise);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = worker });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. hashes] });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Forgets what workers that are gone knew.</summary>
    public static async Task ForgetDeadAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(Forget);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
