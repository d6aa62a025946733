using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Sagas.Calls;
using Orchestrator.Sagas.Duties;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Workers.Runtimes;

namespace Orchestrator.Workers.Calls;

/// <summary>
/// Ends the running calls of workers that are gone: their advisory lock is free. First it makes sure that nothing of a
/// call runs any more; then the call ends as killed, and runs again if its retry policy says so, or if it had not begun.
/// </summary>
public sealed class ReapDeadWorkers(
    NpgsqlDataSource source, DurableTransactions transactions, CallEnds ends, CallSignals signals, CallRounds rounds, BegunCalls begun,
    IEnumerable<IRuntime> runtimes, RuntimeIdentity identity, IOptions<CallsOptions> options, TimeProvider time, ILogger<ReapDeadWorkers> logger) : IDuty
{
    /// <summary>A worker whose connection broke takes its lock again within this time.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    /// <summary>After its timeout a container of a machine that nobody can look at is dead: it does not outlive its worker.</summary>
    private static readonly TimeSpan UnreachableGrace = TimeSpan.FromMinutes(5);

    private static readonly string IsLocked = $"""
        EXISTS (SELECT FROM pg_locks l
                WHERE l.locktype = 'advisory' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                  AND l.classid = {AdvisoryLocks.OutboxOwner} AND l.objid = w AND l.objsubid = 2 AND l.granted)
        """;

    private readonly Dictionary<int, long> _suspects = [];

    public string Name => "reap-dead-workers";

    public TimeSpan Interval => options.Value.DeadWorkerInterval;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var suspects = await SuspectsAsync(cancellationToken);
        foreach (var known in _suspects.Keys.Except(suspects).ToList())
            _suspects.Remove(known);
        foreach (var worker in suspects)
        {
            if (_suspects.TryAdd(worker, time.GetTimestamp()) || time.GetElapsedTime(_suspects[worker]) < Grace)
                continue;
            await ReapAsync(worker, cancellationToken);
        }

        await ForgetIdleAsync(cancellationToken);
    }

    /// <summary>Files of dead workers of this machine that ran no call.</summary>
    private async Task ForgetIdleAsync(CancellationToken cancellationToken)
    {
        if (begun.Others(time.GetUtcNow()) is not { Count: > 0 } others)
            return;
        await using var command = source.CreateCommand($"""
            SELECT w FROM unnest($1) w
            WHERE NOT EXISTS (SELECT FROM call WHERE status = 'running' AND worker = w) AND NOT {IsLocked}
            """);
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = [.. others] });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            begun.Forget(reader.GetInt32(0));
    }

    /// <summary>Workers of running calls that hold no lock.</summary>
    private async Task<List<int>> SuspectsAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"""
            SELECT w FROM (SELECT DISTINCT worker AS w FROM call WHERE status = 'running' AND worker <> $1) running
            WHERE NOT {IsLocked}
            """);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = rounds.Worker });
        var workers = new List<int>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            workers.Add(reader.GetInt32(0));
        return workers;
    }

    private async Task ReapAsync(int worker, CancellationToken cancellationToken)
    {
        var running = await CallsAsync(worker, cancellationToken);
        var dead = new List<RunningCall>();
        foreach (var call in running)
        {
            if (await IsDeadAsync(call.Container, call.IsOverdue, cancellationToken))
                dead.Add(call);
        }

        if (dead.Count == 0)
            return;
        // Read when nothing runs any more.
        var hasBegun = begun.Of(worker);
        bool isQueued;
        await using (var transaction = await transactions.BeginAsync(cancellationToken))
        {
            isQueued = await ends.WriteAsync(transaction, dead.ConvertAll(call => EndOf(call, worker, hasBegun)), cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        logger.LogWarning("Worker {Worker} is gone; {Count} calls that it ran have ended", worker, dead.Count);
        if (dead.Count == running.Count)
            begun.Forget(worker);
        if (isQueued)
            signals.AnnounceQueued();
    }

    private CallEnd EndOf(RunningCall call, int worker, IReadOnlySet<string>? hasBegun)
    {
        var isUnbegun = hasBegun?.Contains(call.Id) == false && call.IsAsync && ContainerName.TryParse(call.Container, out var name) && name.Machine == identity.Machine;
        return new CallEnd
        {
            Id = call.Id,
            Worker = worker,
            Container = call.Container,
            Status = CallStatus.Error,
            Reason = CallReason.Killed,
            Error = isUnbegun ? "The worker that took it died before it began." : "The worker that ran it died.",
            IsUnbegun = isUnbegun,
        };
    }

    private async Task<bool> IsDeadAsync(string? container, bool isOverdue, CancellationToken cancellationToken)
    {
        if (!ContainerName.TryParse(container, out var name))
            return true;
        if (name.Machine != identity.Machine)
            return isOverdue;
        if (runtimes.FirstOrDefault(runtime => runtime.Name == name.Runtime) is not { } runtime)
            return isOverdue;
        try
        {
            await runtime.EnsureDeadAsync(name.Handle, cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            logger.LogWarning("Container {Handle} of a dead worker cannot be ended: {Reason}", name.Handle, exception.Message);
            return false;
        }
    }

    private async Task<List<RunningCall>> CallsAsync(int worker, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("""
            SELECT c.id, c.container, database_now() > c.started_at + (s.spec::json ->> 'timeout')::int * interval '1 second' + $2, c.type = 'async'
            FROM call c JOIN fn_spec s ON s.id = c.spec_id WHERE c.status = 'running' AND c.worker = $1
            """);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = worker });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = UnreachableGrace });
        var calls = new List<RunningCall>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            calls.Add(new(reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetString(1), !reader.IsDBNull(2) && reader.GetBoolean(2), reader.GetBoolean(3)));
        return calls;
    }

    private sealed record RunningCall(string Id, string? Container, bool IsOverdue, bool IsAsync);
}
