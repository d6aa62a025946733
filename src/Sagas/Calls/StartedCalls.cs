using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Calls;

/// <summary>
/// Stores calls that did not wait in the table: detached ones when they begin, synchronous ones when they have ended.
/// The latter are written behind the answer's back, many at once, and wait in memory while the database is away.
/// </summary>
public sealed class StartedCalls(DurableTransactions transactions, CallMetrics metrics, ILogger<StartedCalls> logger) : BackgroundService
{
    private const int BatchSize = 500;
    private const int Capacity = 20_000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Calls that end within this time of each other are written together.</summary>
    private static readonly TimeSpan Spacing = TimeSpan.FromMilliseconds(20);

    private readonly Channel<StartedCall> _ended = Channel.CreateBounded<StartedCall>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private long _lost;

    /// <summary>Writes down that a call runs; false when it was given up meanwhile, and must not.</summary>
    /// <exception cref="NpgsqlException">The database is away.</exception>
    public async Task<bool> BeginAsync(StartedCall call, CancellationToken cancellationToken)
    {
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        if (await InsertAsync(transaction, [call], cancellationToken) == 0)
            return false;
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>Writes down now that a call ended before it began; false when it has begun.</summary>
    /// <exception cref="NpgsqlException">The database is away.</exception>
    public Task<bool> GiveUpAsync(StartedCall call, CancellationToken cancellationToken) => BeginAsync(call, cancellationToken);

    /// <summary>Writes down soon how a call ended. Never waits.</summary>
    public void Add(StartedCall call)
    {
        metrics.Ended(call.Call.Type, call.End!.Status, call.End.Reason, call.CompletedAt - call.StartedAt ?? TimeSpan.Zero);
        if (!_ended.Writer.TryWrite(call) && Interlocked.Increment(ref _lost) % 1000 == 1)
            logger.LogWarning("{Count} ended calls found no room in memory and are not written down", Interlocked.Read(ref _lost));
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _ended.Writer.TryComplete();
        await base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var batch = new List<StartedCall>(BatchSize);
        while (await _ended.Reader.WaitToReadAsync(CancellationToken.None))
        {
            batch.Clear();
            while (batch.Count < BatchSize && _ended.Reader.TryRead(out var call))
                batch.Add(call);
            await WriteAsync(batch, stoppingToken);
            if (batch.Count < BatchSize)
                await Task.Delay(Spacing, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WriteAsync(IReadOnlyList<StartedCall> calls, CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                await using var transaction = await transactions.BeginAsync(CancellationToken.None);
                await InsertAsync(transaction, calls, CancellationToken.None);
                await transaction.CommitAsync(CancellationToken.None);
                return;
            }
            catch (Exception exception) when (Transient.Is(exception))
            {
                logger.LogWarning("{Count} ended calls have to wait to be written down: {Reason}", calls.Count, exception.GetBaseException().Message);
                if (stoppingToken.IsCancellationRequested)
                    return;
                await Task.Delay(Pause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception exception) when (calls.Count == 1)
            {
                logger.LogWarning("Call {CallId} cannot be written down: {Reason}", calls[0].Call.Id, exception.GetBaseException().Message);
                return;
            }
            catch (Exception)
            {
                // Some value is one that Postgres refuses. One by one, so that its call fails alone.
                foreach (var call in calls)
                    await WriteAsync([call], stoppingToken);
                return;
            }
        }
    }

    private static async Task<int> InsertAsync(DurableTransaction transaction, IReadOnlyList<StartedCall> calls, CancellationToken cancellationToken)
    {
        var stored = new HashSet<string>(StringComparer.Ordinal);
        await using (var batch = transaction.CreateBatch())
        {
            batch.BatchCommands.Add(CallTable.InsertStarted(calls));
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                stored.Add(reader.GetString(0));
        }

        var logs = calls.Where(call => call.End is { Log.Length: > 0 } && stored.Contains(call.Call.Id)).Select(call => (call.Call.Id, call.End!.Log)).ToList();
        if (logs.Count > 0)
            transaction.ExecuteWithCommit(CallTable.InsertLogs(logs));
        foreach (var call in calls)
        {
            if (!stored.Contains(call.Call.Id))
                continue;
            transaction.Record(new ResourceEvent
            {
                Kind = CallEditor.Kind,
                Key = call.Call.Id,
                What = call.End switch { null => "started", { Status: CallStatus.Success } => "succeeded", _ => "failed" },
                ToState = call.End?.Status ?? CallStatus.Running,
                Reason = call.End?.Reason,
                Actor = call.Call.Actor,
                TraceId = call.Call.TraceId,
            });
        }

        return stored.Count;
    }
}
