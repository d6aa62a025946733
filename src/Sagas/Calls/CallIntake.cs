using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Calls;

/// <summary>
/// Stores accepted calls. Those that come while a commit is under way share the next one: alone a call waits for
/// nobody, and under load a commit serves hundreds.
/// </summary>
public sealed class CallIntake(
    DurableTransactions transactions, CallSignals signals, DueCalls due, CallMetrics metrics, IOptions<CallsOptions> options, ILogger<CallIntake> logger)
    : BackgroundService
{
    private const int BatchSize = 500;

    private readonly Channel<Pending> _pending = Channel.CreateBounded<Pending>(new BoundedChannelOptions(10_000) { SingleReader = true });

    /// <summary>Completes when the call is stored durably. Giving up the wait does not take it back.</summary>
    /// <exception cref="NpgsqlException">The database is away, or refuses a value.</exception>
    public async Task AcceptAsync(NewCall call, CancellationToken cancellationToken)
    {
        var pending = new Pending(call);
        await _pending.Writer.WriteAsync(pending, cancellationToken);
        await pending.Stored.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Adds calls to a transaction; call <see cref="Announce"/> once it has committed. Those whose id is known stay as they are.</summary>
    public async Task<int> AddAsync(DurableTransaction transaction, IReadOnlyList<NewCall> calls, CancellationToken cancellationToken)
    {
        var stored = new HashSet<string>(StringComparer.Ordinal);
        await using (var batch = transaction.CreateBatch())
        {
            batch.BatchCommands.Add(CallTable.Insert(calls, options.Value.AgeingStep));
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                stored.Add(reader.GetString(0));
        }

        foreach (var call in calls)
        {
            if (!stored.Contains(call.Id))
                continue;
            transaction.Record(new ResourceEvent
            {
                Kind = CallEditor.Kind,
                Key = call.Id,
                What = call.FirstStatus,
                ToState = call.FirstStatus,
                Actor = call.Actor,
                TraceId = call.TraceId,
            });
        }

        return stored.Count;
    }

    /// <summary>Tells the workers of calls that are stored.</summary>
    public void Announce(IReadOnlyList<NewCall> calls)
    {
        metrics.Accepted(calls.Count);
        var isQueued = false;
        foreach (var call in calls)
        {
            if (call.Delay > 0)
                due.Expect(TimeSpan.FromSeconds(call.Delay));
            else
                isQueued = true;
        }

        if (isQueued)
            signals.AnnounceQueued();
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _pending.Writer.TryComplete();
        await base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var batch = new List<Pending>(BatchSize);
        // To the end of what was taken: whoever waits for it is told.
        while (await _pending.Reader.WaitToReadAsync(CancellationToken.None))
        {
            batch.Clear();
            while (batch.Count < BatchSize && _pending.Reader.TryRead(out var pending))
                batch.Add(pending);
            await StoreAsync(batch);
        }
    }

    private async Task StoreAsync(List<Pending> batch)
    {
        try
        {
            await StoreAsync([.. batch.Select(pending => pending.Call)]);
            foreach (var pending in batch)
                pending.Stored.TrySetResult();
        }
        catch (Exception exception) when (batch.Count > 1 && !Transient.Is(exception))
        {
            // Some value is one that Postgres refuses. One by one, so that its call fails alone.
            foreach (var pending in batch)
                await StoreAsync([pending]);
        }
        catch (Exception exception)
        {
            logger.LogWarning("{Count} calls could not be stored: {Reason}", batch.Count, exception.GetBaseException().Message);
            foreach (var pending in batch)
                pending.Stored.TrySetException(exception);
        }
    }

    private async Task StoreAsync(NewCall[] calls)
    {
        await using (var transaction = await transactions.BeginAsync(CancellationToken.None))
        {
            await AddAsync(transaction, calls, CancellationToken.None);
            await transaction.CommitAsync(CancellationToken.None);
        }

        Announce(calls);
    }

    private sealed record Pending(NewCall Call)
    {
        public TaskCompletionSource Stored { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
