using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Sagas.Duties;

namespace Orchestrator.Sagas.Calls;

/// <summary>Removes calls, their logs and results when their retention has passed, in small bites, so that no lock is held for long.</summary>
public sealed class RemoveOldCalls(
    NpgsqlDataSource source, IOptions<CallsOptions> calls, IOptions<RetentionOptions> retention, ILogger<RemoveOldCalls> logger) : IDuty
{
    private const int Bite = 2_000;

    private const string Logs = """
        DELETE FROM call_log WHERE ctid = ANY (ARRAY(SELECT ctid FROM call_log WHERE created_at < now() - $1 LIMIT $2 FOR UPDATE SKIP LOCKED))
        """;

    // Without its payload a call cannot be run again.
    private const string Results = """
        UPDATE call SET payload = NULL, result = NULL, result_headers = NULL WHERE id = ANY (ARRAY(
            SELECT id FROM call WHERE completed_at < now() - $1 AND (payload IS NOT NULL OR result IS NOT NULL OR result_headers IS NOT NULL)
            LIMIT $2 FOR UPDATE SKIP LOCKED))
        """;

    private const string Calls = """
        DELETE FROM call WHERE id = ANY (ARRAY(SELECT id FROM call WHERE completed_at < now() - $1 LIMIT $2 FOR UPDATE SKIP LOCKED))
        """;

    public string Name => "remove-old-calls";

    public TimeSpan Interval => retention.Value.Interval;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await RemoveAsync("logs of calls", Logs, calls.Value.ResultRetention, cancellationToken);
        await RemoveAsync("results of calls", Results, calls.Value.ResultRetention, cancellationToken);
        await RemoveAsync("calls", Calls, calls.Value.Retention, cancellationToken);
    }

    private Task RemoveAsync(string what, string sql, TimeSpan age, CancellationToken cancellationToken) =>
        OldRows.RemoveAsync(source, logger, what, sql, age, Bite, cancellationToken);
}
