using System.Diagnostics;
using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Contracts.Calls;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Sagas.Calls;

/// <summary>What a client does to calls that are stored: cancel, run again.</summary>
public sealed class CallEditor(FnCatalog catalog, CallSignals signals, CallMetrics metrics, IOptions<CallsOptions> options, TimeProvider time)
{
    /// <summary>Of calls in timelines.</summary>
    public const string Kind = "call";

    private const string CancelSql = """
        WITH target AS MATERIALIZED (SELECT id, status FROM call WHERE {0} AND status IN ('delayed', 'queued', 'running') ORDER BY id FOR UPDATE)
        UPDATE call SET status = 'cancelled', reason = 'client_request', completed_at = t.now
        FROM target, (SELECT database_now() AS now) t WHERE call.id = target.id
        RETURNING call.id, call.fn_id, call.spec_id, target.status, call.type, call.callback_url, call.trace_id, call.trace_parent, call.completed_at,
                  coalesce(call.started_at, call.completed_at)
        """;

    private static readonly string CancelOne = string.Format(CancelSql, "id = $1 AND fn_id = $2");
    private static readonly string CancelOfFns = string.Format(CancelSql, "fn_id = ANY ($1)");

    /// <summary>
    /// Cancels a call, wherever it is; a running function is killed. What it still answers counts for nothing.
    /// </summary>
    /// <exception cref="FnException">There is no such call of the fn, or it has ended.</exception>
    public async Task CancelAsync(DurableTransaction transaction, string fnId, string callId, string actor, CancellationToken cancellationToken)
    {
        if (await CancelAsync(transaction, Sql.Command(CancelOne, callId, fnId), actor, cancellationToken) > 0)
            return;
        var status = await StatusAsync(transaction, fnId, callId, cancellationToken) ?? throw new FnException(FnErrors.CallNotFound);
        throw new FnException(new FnError(409, $"Call is {status}: only a call that is delayed, queued or running can be cancelled"));
    }

    /// <summary>Cancels all calls of fns that are about to go.</summary>
    public Task<int> CancelOfAsync(DurableTransaction transaction, IReadOnlyCollection<string> fnIds, string actor, CancellationToken cancellationToken) =>
        CancelAsync(transaction, Sql.Command(CancelOfFns, (object)fnIds.ToArray()), actor, cancellationToken);

    /// <summary>Makes a new call that does again what an ended one was to do; call <see cref="CallSignals.AnnounceQueued"/> once it has committed.</summary>
    /// <exception cref="FnException">There is no such call of the fn, it has not ended, or its payload was not kept.</exception>
    public async Task RetryAsync(
        DurableTransaction transaction, string fnId, string callId, string newCallId, string actor, CancellationToken cancellationToken)
    {
        short maxRetries;
        await using (var batch = transaction.CreateBatch())
        {
            batch.BatchCommands.Add(Sql.Command("SELECT status, type, payload IS NOT NULL, max_retries FROM call WHERE id = $1 AND fn_id = $2 FOR UPDATE", callId, fnId));
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            if (!await reader.ReadAsync(cancellationToken))
                throw new FnException(FnErrors.CallNotFound);
            var status = reader.GetString(0);
            if (!CallStatus.IsTerminal(status))
                throw new FnException(new FnError(409, $"Call is {status}: only a call that has ended can be retried"));
            if (reader.GetString(1) is not CallType.Async || !reader.GetBoolean(2))
                throw new FnException(FnErrors.PayloadNotKept);
            maxRetries = reader.GetInt16(3);
        }

        var cause = Activity.Current?.Context ?? default;
        var traceParent = cause == default ? null : TraceHeaders.Format(cause);
        var traceId = cause == default ? null : cause.TraceId.ToHexString();
        transaction.ExecuteWithCommit(CallTable.Retry([new CallRetry(newCallId, callId, TimeSpan.Zero, maxRetries, traceId, traceParent, actor)], options.Value.AgeingStep));
        transaction.ExecuteWithCommit(Sql.Command("UPDATE call SET retry_at = $2 WHERE id = $1", callId, newCallId));
        transaction.Record(new ResourceEvent
        {
            Kind = Kind,
            Key = newCallId,
            What = CallStatus.Queued,
            ToState = CallStatus.Queued,
            Reason = $"retry of {callId}",
            Actor = actor,
            TraceId = traceId,
        });
        metrics.Accepted(1);
    }

    /// <summary>Tells this process, too, of calls that were cancelled; others hear of it with the commit.</summary>
    public void Announce() => signals.AnnounceQueued();

    private async Task<int> CancelAsync(DurableTransaction transaction, NpgsqlBatchCommand command, string actor, CancellationToken cancellationToken)
    {
        var cancelled = new List<(string Id, string FnId, long SpecId, string From, string Type, string? Url, string? TraceId, string? TraceParent, DateTimeOffset At, DateTimeOffset Started)>();
        await using (var batch = transaction.CreateBatch())
        {
            batch.BatchCommands.Add(command);
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                cancelled.Add((
                    reader.GetString(0), reader.GetString(1), reader.GetInt64(2), reader.GetString(3), reader.GetString(4),
                    reader.IsDBNull(5) ? null : reader.GetString(5), reader.IsDBNull(6) ? null : reader.GetString(6), reader.IsDBNull(7) ? null : reader.GetString(7),
                    reader.GetFieldValue<DateTimeOffset>(8), reader.GetFieldValue<DateTimeOffset>(9)));
            }
        }

        foreach (var call in cancelled)
        {
            var spec = await catalog.SpecAsync(call.SpecId, cancellationToken);
            var cause = CallEnds.CauseOf(call.TraceParent);
            transaction.Publish(new CallCancelled { CallId = call.Id, FnId = call.FnId, AppId = spec.AppId, CompletedAt = call.At }, cause);
            transaction.Record(new ResourceEvent
            {
                Kind = Kind,
                Key = call.Id,
                What = CallStatus.Cancelled,
                FromState = call.From,
                ToState = CallStatus.Cancelled,
                Reason = CallReason.ClientRequest,
                Actor = actor,
                TraceId = call.TraceId,
            });
            CallCallbacks.Request(transaction, call.Id, call.Url, time.GetUtcNow(), cause);
            if (call.From is CallStatus.Running)
                transaction.ExecuteWithCommit(Sql.Command($"SELECT pg_notify('{CallSignals.Channel}', '{CallSignals.CancelledPrefix}' || $1)", call.Id));
            metrics.Ended(call.Type, CallStatus.Cancelled, CallReason.ClientRequest, call.At - call.Started);
        }

        return cancelled.Count;
    }

    private static async Task<string?> StatusAsync(DurableTransaction transaction, string fnId, string callId, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command("SELECT status FROM call WHERE id = $1 AND fn_id = $2", callId, fnId));
        return await batch.ExecuteScalarAsync(cancellationToken) as string;
    }
}
