using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Sagas.Jobs;

namespace Orchestrator.Sagas.Duties;

/// <summary>Removes what its retention has passed for, in small bites, so that no lock is held for long.</summary>
public sealed class RemoveOldRows(
    NpgsqlDataSource source, IOptions<RetentionOptions> options, IOptions<JobsOptions> jobs, ILogger<RemoveOldRows> logger) : IDuty
{
    private const int Bite = 5_000;

    // An expired job leaves a tombstone in the same statement: a replayed delivery must not bring it back.
    private const string Jobs = """
        WITH gone AS (
            DELETE FROM job WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM job WHERE completed_at < now() - $1 LIMIT $2 FOR UPDATE SKIP LOCKED))
            RETURNING platform, id)
        INSERT INTO job_tombstone (platform, id) SELECT platform, id FROM gone ORDER BY platform, id ON CONFLICT DO NOTHING
        """;

    public string Name => "remove-old-rows";

    public TimeSpan Interval => options.Value.Interval;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var keep = options.Value;
        await RemoveAsync("jobs", Jobs, jobs.Value.Retention, cancellationToken);
        await RemoveAsync("inbox", Delete("inbox", "received_at"), keep.Inbox, cancellationToken);
        await RemoveAsync("dead letters", Delete("dead_letter", "first_seen"), keep.DeadLetters, cancellationToken);
        await RemoveAsync("events", Delete("resource_event", "at"), keep.Events, cancellationToken);
        await RemoveAsync("tombstones", Delete("job_tombstone", "deleted_at"), keep.Tombstones, cancellationToken);
        await RemoveAsync("idempotency keys", Delete("idempotency_key", "created_at"), TimeSpan.FromHours(24), cancellationToken);
    }

    private static string Delete(string table, string column) => $"""
        DELETE FROM {table} WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM {table} WHERE {column} < now() - $1 LIMIT $2 FOR UPDATE SKIP LOCKED))
        """;

    private async Task RemoveAsync(string what, string sql, TimeSpan age, CancellationToken cancellationToken)
    {
        var removed = 0;
        int bite;
        do
        {
            await using var command = source.CreateCommand(sql);
            command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = age });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Bite });
            bite = await command.ExecuteNonQueryAsync(cancellationToken);
            removed += bite;
        }
        while (bite == Bite);
        if (removed > 0)
            logger.LogInformation("Removed {Count} old {What}", removed, what);
    }
}
