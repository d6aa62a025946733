using System.Diagnostics;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;
using Orchestrator.Contracts.Calls;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Calls;

/// <summary>
/// Writes down how calls ended, with all that follows: events, retries, callbacks, logs, the timeline. What is late, for
/// a call that was cancelled or given up meanwhile, changes nothing.
/// </summary>
public sealed class CallEnds(FnCatalog catalog, CallId ids, CallMetrics metrics, IOptions<CallsOptions> options, TimeProvider time)
{
    private const string EndSql = """
        UPDATE call c SET status = e.status, reason = e.reason, error = e.error, completed_at = t.now, execution_duration = e.execution_duration,
            result_status = e.result_status, result_headers = e.result_headers, result = e.result, stats = e.stats,
            retry_at = CASE WHEN e.status = 'error' AND (c.max_retries > 0 OR e.is_unbegun) THEN e.retry_id END
        FROM (SELECT database_now() AS now) t,
            unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                AS e (id, status, reason, error, execution_duration, result_status, result_headers, result, stats, worker, retry_id, container, is_unbegun)
        WHERE c.id = e.id AND c.status = 'running' AND c.worker = e.worker AND (e.container IS NULL OR c.container = e.container)
        RETURNING c.id, c.fn_id, c.spec_id, c.type, c.attempt, c.max_retries, c.retry_delay, c.retry_at, c.callback_url, c.started_at, c.completed_at,
                  c.trace_id, c.trace_parent, c.actor
        """;

    /// <summary>Ends running calls; give the rows of its result to <see cref="ReadAsync"/>.</summary>
    public NpgsqlBatchCommand Command(IReadOnlyList<CallEnd> ends)
    {
        var command = new NpgsqlBatchCommand(EndSql);
        CallTable.Add(command, NpgsqlDbType.Text, ends, e => e.Id);
        CallTable.Add(command, NpgsqlDbType.Text, ends, e => e.Status);
        CallTable.Add(command, NpgsqlDbType.Text, ends, e => e.Reason);
        CallTable.Add(command, NpgsqlDbType.Text, ends, e => Storable(e.Error));
        CallTable.Add(command, NpgsqlDbType.Bigint, ends, e => e.ExecutionDuration);
        CallTable.Add(command, NpgsqlDbType.Smallint, ends, e => e.ResultStatus);
        CallTable.Add(command, NpgsqlDbType.Text, ends, e => Storable(e.ResultHeaders));
        CallTable.Add(command, NpgsqlDbType.Bytea, ends, e => e.Result);
        CallTable.Add(command, NpgsqlDbType.Text, ends, e => e.Stats);
        CallTable.Add(command, NpgsqlDbType.Integer, ends, e => e.Worker);
        CallTable.Add(command, NpgsqlDbType.Text, ends, e => e.Status is CallStatus.Error ? ids.Next() : null);
        CallTable.Add(command, NpgsqlDbType.Text, ends, e => e.Container);
        CallTable.Add(command, NpgsqlDbType.Boolean, ends, e => e.IsUnbegun);
        return command;
    }

    /// <summary>Reads which calls ended by <see cref="Command"/>, and adds all that follows to the transaction.</summary>
    /// <returns>True when calls wait that did not before.</returns>
    public async Task<bool> ReadAsync(
        NpgsqlDataReader reader, DurableTransaction transaction, IReadOnlyList<CallEnd> ends, CancellationToken cancellationToken)
    {
        var ended = new List<Ended>(ends.Count);
        while (await reader.ReadAsync(cancellationToken))
            ended.Add(Read(reader));
        var logs = ends.Where(end => end.Log.Length > 0).Select(end => (end.Id, end.Log)).ToList();
        if (logs.Count > 0)
            transaction.ExecuteWithCommit(CallTable.InsertLogs(logs));
        var byId = ends.Count == 1 ? null : ends.ToDictionary(end => end.Id, StringComparer.Ordinal);
        var retries = new List<CallRetry>();
        foreach (var call in ended)
        {
            var end = byId is null ? ends[0] : byId[call.Id];
            var spec = await catalog.SpecAsync(call.SpecId, cancellationToken);
            Report(transaction, call, end, spec);
            if (call.RetryAt is not null)
                retries.Add(Repeat(transaction, call, end.IsUnbegun));
        }

        if (retries.Count > 0)
            transaction.ExecuteWithCommit(CallTable.Retry(retries, options.Value.AgeingStep));
        return retries.Exists(retry => retry.Delay <= TimeSpan.Zero);
    }

    /// <summary>Ends running calls in a transaction of their own.</summary>
    public async Task<bool> WriteAsync(DurableTransaction transaction, IReadOnlyList<CallEnd> ends, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Command(ends));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await ReadAsync(reader, transaction, ends, cancellationToken);
    }

    private void Report(DurableTransaction transaction, Ended call, CallEnd end, FnSpec spec)
    {
        var cause = CauseOf(call.TraceParent);
        if (end.Status is CallStatus.Success)
        {
            transaction.Publish(
                new CallSucceeded
                {
                    CallId = call.Id,
                    FnId = call.FnId,
                    AppId = spec.AppId,
                    CompletedAt = call.CompletedAt,
                    Attempt = call.Attempt,
                    ExecutionMilliseconds = (end.ExecutionDuration ?? 0) / 1e6,
                },
                cause);
        }
        else
        {
            transaction.Publish(
                new CallFailed
                {
                    CallId = call.Id,
                    FnId = call.FnId,
                    AppId = spec.AppId,
                    CompletedAt = call.CompletedAt,
                    Attempt = call.Attempt,
                    Reason = end.Reason ?? CallReason.Killed,
                    Error = end.Error ?? "",
                    RetryAt = call.RetryAt,
                },
                cause);
        }

        transaction.Record(new ResourceEvent
        {
            Kind = CallEditor.Kind,
            Key = call.Id,
            What = end.Status is CallStatus.Success ? "succeeded" : "failed",
            FromState = CallStatus.Running,
            ToState = end.Status,
            Reason = end.Reason,
            Actor = "worker",
            TraceId = call.TraceId,
        });
        CallCallbacks.Request(transaction, call.Id, call.CallbackUrl, time.GetUtcNow(), cause);
        metrics.Ended(call.Type, end.Status, end.Reason, call.CompletedAt - call.StartedAt);
    }

    private static CallRetry Repeat(DurableTransaction transaction, Ended call, bool isUnbegun)
    {
        // A fifth more or less, so that what failed together does not come back together. What never began costs no retry, and no time.
        var delay = isUnbegun ? TimeSpan.Zero : TimeSpan.FromSeconds(call.RetryDelay * (0.8 + (Random.Shared.NextDouble() * 0.4)));
        var status = delay > TimeSpan.Zero ? CallStatus.Delayed : CallStatus.Queued;
        transaction.Record(new ResourceEvent
        {
            Kind = CallEditor.Kind,
            Key = call.RetryAt!,
            What = status,
            ToState = status,
            Reason = $"retry of {call.Id}",
            Actor = "retry policy",
            TraceId = call.TraceId,
        });
        var maxRetries = isUnbegun ? call.MaxRetries : (short)(call.MaxRetries - 1);
        return new CallRetry(call.RetryAt!, call.Id, delay, maxRetries, call.TraceId, call.TraceParent, call.Actor);
    }

    internal static ActivityContext CauseOf(string? traceParent) =>
        traceParent is not null && ActivityContext.TryParse(traceParent, null, isRemote: true, out var context) ? context : default;

    // What a function says is any text; what the database takes is not.
    private static string? Storable(string? text) =>
        text is not null && text.Contains('\0', StringComparison.Ordinal) ? text.Replace('\0', ' ') : text;

    private static Ended Read(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetString(3), row.GetInt32(4), row.GetInt16(5), row.GetInt32(6),
        row.IsDBNull(7) ? null : row.GetString(7), row.IsDBNull(8) ? null : row.GetString(8),
        row.GetFieldValue<DateTimeOffset>(9), row.GetFieldValue<DateTimeOffset>(10),
        row.IsDBNull(11) ? null : row.GetString(11), row.IsDBNull(12) ? null : row.GetString(12), row.GetString(13));

    private sealed record Ended(
        string Id, string FnId, long SpecId, string Type, int Attempt, short MaxRetries, int RetryDelay, string? RetryAt, string? CallbackUrl,
        DateTimeOffset StartedAt, DateTimeOffset CompletedAt, string? TraceId, string? TraceParent, string Actor);
}
