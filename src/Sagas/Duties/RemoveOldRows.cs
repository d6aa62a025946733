using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Duties;

/// <summary>Removes what its retention has passed for, in small bites, so that no lock is held for long.</summary>
public sealed class RemoveOldRows(
    NpgsqlDataSource source, IOptions<RetentionOptions> options, IOptions<JobsOptions> jobs, ILogger<RemoveOldRows> logger) : IDuty
{
    private const int Bite = 5_000;

    private const int JobBite = 1_000;

    private const string Expired = "SELECT platform, id FROM job WHERE completed_at < now() - $1 LIMIT $2";

    // Exclusive, so that no writer that has looked for the tombstone already can still insert the job.
    private static readonly string Lock = $"""
        SELECT pg_advisory_xact_lock({AdvisoryLocks.Platform}, hashtext(platform)), platform
        FROM (SELECT DISTINCT platform FROM ({Expired}) expired ORDER BY platform) platforms
        """;

    // An expired job leaves a tombstone in the same statement: a replayed delivery must not bring it back.
    private static readonly string Jobs = $"""
        WITH gone AS (
            DELETE FROM job WHERE (platform, id) IN (SELECT platform, id FROM job WHERE completed_at < now() - $1 AND platform = ANY ($3) LIMIT $2) AND completed_at < now() - $1
            RETURNING platform, id)
        INSERT INTO job_tombstone (platform, id) SELECT platform, id FROM gone ORDER BY platform, id ON CONFLICT DO NOTHING
        """;

    public string Name => "remove-old-rows";

    public TimeSpan Interval => options.Value.Interval;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var keep = options.Value;
        await RemoveJobsAsync(jobs.Value.Retention, cancellationToken);
        await RemoveAsync("inbox", Delete("inbox", "received_at"), keep.Inbox, cancellationToken);
        await RemoveAsync("dead letters", Delete("dead_letter", "first_seen"), keep.DeadLetters, cancellationToken);
        await RemoveAsync("events", Delete("resource_event", "at"), keep.Events, cancellationToken);
        await RemoveAsync("times of clones", Delete("clone_creation", "at"), keep.Events, cancellationToken);
        await RemoveAsync("tombstones", Delete("job_tombstone", "deleted_at"), keep.Tombstones, cancellationToken);
        await RemoveAsync("idempotency keys", Delete("idempotency_key", "created_at"), TimeSpan.FromHours(24), cancellationToken);
    }

    private static string Delete(string table, string column) => $"""
        DELETE FROM {table} WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM {table} WHERE {column} < now() - $1 LIMIT $2 FOR UPDATE SKIP LOCKED))
        """;

    private async Task RemoveJobsAsync(TimeSpan age, CancellationToken cancellationToken)
    {
        var removed = 0;
        int bite;
        do
        {
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var platforms = new List<string>();
            await using (var locking = Command(connection, Lock, age))
            await using (var reader = await locking.ExecuteReaderAsync(cancellationToken))
            {
                while (await reader.ReadAsync(cancellationToken))
                    platforms.Add(reader.GetString(1));
            }

            // A statement of its own: it sees what was committed before the lock was granted.
            await using var delete = Command(connection, Jobs, age);
            delete.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. platforms] });
            bite = platforms.Count == 0 ? 0 : await delete.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            removed += bite;
        }
        while (bite > 0);
        OldRows.Report(logger, removed, "jobs");

        static NpgsqlCommand Command(NpgsqlConnection connection, string sql, TimeSpan age)
        {
            var command = new NpgsqlCommand(sql, connection);
            command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = age });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = JobBite });
            return command;
        }
    }

    private Task RemoveAsync(string what, string sql, TimeSpan age, CancellationToken cancellationToken) =>
        OldRows.RemoveAsync(source, logger, what, sql, age, Bite, cancellationToken);
}
