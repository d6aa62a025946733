using Npgsql;
using Orchestrator.Sagas.Calls;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Persistence.Outbox;

namespace Orchestrator.Workers.Calls;

/// <summary>
/// Writes for all calls of this worker, one transaction after the other: what ended, then what begins in the slots that
/// are free. Whatever comes while one is under way shares the next.
/// </summary>
public sealed class CallRounds(
    NpgsqlDataSource source, DurableTransactions transactions, OutboxOwner owner, CallEnds ends, CallSignals signals, ILogger<CallRounds> logger)
    : IDisposable
{
    private const int BatchSize = 200;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(3);

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _work = new(0);
    private readonly Queue<PendingSlot> _slots = new();
    private readonly Queue<PendingEnd> _ends = new();
    private readonly HashSet<string> _held = new(StringComparer.Ordinal);
    private bool _isDoubtful;

    /// <summary>This worker, as its calls name it.</summary>
    public int Worker => owner.Id;

    /// <summary>Hears of the backlog as it is after a round.</summary>
    public Action<IReadOnlyList<Backlog>> WhenRead { get; set; } = _ => { };

    /// <summary>Hears of calls that are this worker's although it had no answer when it took them.</summary>
    public Action<ClaimedCall> WhenFound { get; set; } = _ => { };

    /// <summary>The next calls for a slot of a spec, in their order: running from the moment that they are returned. None when there are none.</summary>
    /// <param name="specId">Row of the spec.</param>
    /// <param name="container">What the slot is called.</param>
    /// <param name="most">How many at the most.</param>
    /// <param name="got">Called when it is decided, before <see cref="WhenRead"/> is.</param>
    public Task<IReadOnlyList<ClaimedCall>> ClaimAsync(long specId, string container, int most, Action got)
    {
        var slot = new PendingSlot(specId, container, most, got);
        lock (_lock)
            _slots.Enqueue(slot);
        _work.Release();
        return slot.Given.Task;
    }

    /// <summary>Completes when the end of a call is written, however long the database is away.</summary>
    public Task EndAsync(CallEnd end)
    {
        var pending = new PendingEnd(end);
        lock (_lock)
            _ends.Enqueue(pending);
        _work.Release();
        return pending.Written.Task;
    }

    /// <summary>What waits now.</summary>
    /// <exception cref="NpgsqlException">The database is away.</exception>
    public async Task<List<Backlog>> ReadBacklogAsync(CancellationToken cancellationToken)
    {
        await using var batch = source.CreateBatch();
        batch.BatchCommands.Add(CallTable.ReadBacklog());
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await CallTable.ReadBacklogAsync(reader, cancellationToken);
    }

    /// <summary>Writes until it is stopped and nothing is left to write.</summary>
    public async Task RunAsync(CancellationToken stoppingToken)
    {
        var pause = FirstPause;
        while (true)
        {
            var (slots, pending) = Take();
            if (slots.Count + pending.Count == 0)
            {
                if (stoppingToken.IsCancellationRequested)
                    return;
                await _work.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }

            if (await TryWriteAsync(slots, pending, stoppingToken))
            {
                pause = FirstPause;
                continue;
            }

            await Task.Delay(pause, CancellationToken.None);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    public void Dispose() => _work.Dispose();

    private (List<PendingSlot> Slots, List<PendingEnd> Ends) Take()
    {
        lock (_lock)
        {
            var slots = new List<PendingSlot>();
            var pending = new List<PendingEnd>();
            while (slots.Count < BatchSize && _slots.TryDequeue(out var slot))
                slots.Add(slot);
            while (pending.Count < BatchSize && _ends.TryDequeue(out var end))
                pending.Add(end);
            while (_work.CurrentCount > 0 && _work.Wait(0))
            {
                // What it counts has been taken.
            }

            if (_slots.Count + _ends.Count > 0)
                _work.Release();
            return (slots, pending);
        }
    }

    private async Task<bool> TryWriteAsync(List<PendingSlot> slots, List<PendingEnd> pending, CancellationToken stoppingToken)
    {
        try
        {
            if (_isDoubtful)
                await FindHeldAsync();
            await WriteAsync(slots, pending);
            return true;
        }
        catch (Exception exception)
        {
            // Whether the commit happened is unknown: what it took is looked for before anything else is taken.
            _isDoubtful |= slots.Count > 0;
            slots.ForEach(slot => slot.Give([]));
            logger.LogWarning("{Ends} ends and {Starts} starts of calls have to wait: {Reason}", pending.Count, slots.Count, exception.GetBaseException().Message);
            if (!Transient.Is(exception) && pending.Count > 0)
                return await WriteOneByOneAsync(pending);
            lock (_lock)
            {
                foreach (var end in pending)
                    _ends.Enqueue(end);
            }

            return pending.Count == 0 && stoppingToken.IsCancellationRequested;
        }
    }

    // One of them holds a value that Postgres refuses. Its call still ended.
    private async Task<bool> WriteOneByOneAsync(List<PendingEnd> pending)
    {
        foreach (var end in pending)
        {
            try
            {
                await WriteAsync([], [end]);
            }
            catch (Exception exception) when (!Transient.Is(exception))
            {
                logger.LogWarning("The result of call {CallId} cannot be kept: {Reason}", end.End.Id, exception.GetBaseException().Message);
                var bare = end.End with { Error = end.End.Error is null ? null : "its error cannot be stored", Result = null, ResultHeaders = null, Stats = null, Log = [] };
                lock (_lock)
                    _ends.Enqueue(end with { End = bare });
            }
            catch (Exception)
            {
                lock (_lock)
                    _ends.Enqueue(end);
            }
        }

        return true;
    }

    private async Task WriteAsync(List<PendingSlot> slots, List<PendingEnd> pending)
    {
        CallEnd[] ended = [.. pending.Select(end => end.End)];
        var claimed = new List<ClaimedCall>(slots.Count);
        List<Backlog>? backlog = null;
        bool isQueued;
        await using (var transaction = await transactions.BeginAsync(CancellationToken.None))
        {
            isQueued = await WriteAsync(transaction, slots, ended, claimed, read => backlog = read);
            foreach (var call in claimed)
                transaction.Record(Started(call));
            await transaction.CommitAsync(CancellationToken.None);
        }

        lock (_lock)
        {
            foreach (var end in ended)
                _held.Remove(end.Id);
            foreach (var call in claimed)
                _held.Add(call.Id);
        }

        foreach (var end in pending)
            end.Written.TrySetResult();
        slots.ForEach(slot => slot.Give(slot.Calls));
        if (backlog is not null)
            WhenRead(backlog);
        if (isQueued)
            signals.AnnounceQueued();
    }

    private async Task<bool> WriteAsync(
        DurableTransaction transaction, List<PendingSlot> slots, CallEnd[] ended, List<ClaimedCall> claimed, Action<List<Backlog>> read)
    {
        await using var batch = transaction.CreateBatch();
        if (ended.Length > 0)
            batch.BatchCommands.Add(ends.Command(ended));
        if (slots.Count > 0)
        {
            batch.BatchCommands.Add(CallTable.TakeTurn());
            batch.BatchCommands.Add(CallTable.Claim([.. slots.Select(slot => (slot.SpecId, slot.Container, slot.Most))], Worker));
            batch.BatchCommands.Add(CallTable.ReadBacklog());
        }

        await using var reader = await batch.ExecuteReaderAsync(CancellationToken.None);
        var isQueued = false;
        if (ended.Length > 0)
        {
            isQueued = await ends.ReadAsync(reader, transaction, ended, CancellationToken.None);
            await reader.NextResultAsync(CancellationToken.None);
        }

        if (slots.Count > 0)
        {
            await reader.NextResultAsync(CancellationToken.None);
            while (await reader.ReadAsync(CancellationToken.None))
            {
                claimed.Add(CallTable.ReadClaimed(reader));
                slots[reader.GetInt32(9)].Calls.Add(claimed[^1]);
            }

            await reader.NextResultAsync(CancellationToken.None);
            read(await CallTable.ReadBacklogAsync(reader, CancellationToken.None));
        }

        return isQueued;
    }

    // Calls that a commit gave us whose answer was lost. They have not begun.
    private async Task FindHeldAsync()
    {
        string[] held;
        lock (_lock)
            held = [.. _held];
        await using var command = source.CreateCommand("""
            SELECT id, spec_id, container, headers, payload, trace_parent, trace_id, actor, started_at - queued_at
            FROM call WHERE status = 'running' AND worker = $1 AND type = 'async' AND id <> ALL ($2)
            """);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Worker });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = held });
        var found = new List<ClaimedCall>();
        await using (var reader = await command.ExecuteReaderAsync(CancellationToken.None))
        {
            while (await reader.ReadAsync(CancellationToken.None))
                found.Add(CallTable.ReadClaimed(reader));
        }

        _isDoubtful = false;
        foreach (var call in found)
        {
            lock (_lock)
                _held.Add(call.Id);
            WhenFound(call);
        }
    }

    private static ResourceEvent Started(ClaimedCall call) => new()
    {
        Kind = CallEditor.Kind,
        Key = call.Id,
        What = "started",
        FromState = CallStatus.Queued,
        ToState = CallStatus.Running,
        Actor = "worker",
        TraceId = call.TraceId,
    };

    private sealed record PendingSlot(long SpecId, string Container, int Most, Action Got)
    {
        public TaskCompletionSource<IReadOnlyList<ClaimedCall>> Given { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public List<ClaimedCall> Calls { get; } = [];

        public void Give(IReadOnlyList<ClaimedCall> calls)
        {
            Got();
            Given.TrySetResult(calls);
        }
    }

    private sealed record PendingEnd(CallEnd End)
    {
        public TaskCompletionSource Written { get; init; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
