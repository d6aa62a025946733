using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using RabbitMQ.Client.Exceptions;

namespace Orchestrator.Sagas.Persistence.Outbox;

/// <summary>
/// Publishes committed messages and then deletes their rows. Messages arrive in memory straight after their commit;
/// whatever does not (a full memory, a broker that is away, a process that died) is found in the table by the sweep.
/// A message may be published twice, always with the same id; it is never published zero times. What one transaction
/// publishes keeps its order, unless the broker fails in the middle of it.
/// </summary>
public sealed class OutboxRelay : BackgroundService
{
    private const int BatchSize = 500;

    /// <summary>Batches whose confirmations may be waited for at a time.</summary>
    private const int BatchesInFlight = 2;
    private const int SweepLimit = 5_000;

    /// <summary>A row of ours is looked for in the table once it is older than this.</summary>
    private static readonly TimeSpan HandOverTime = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(5);

    private readonly NpgsqlDataSource _source;
    private readonly OutboxOwner _owner;
    private readonly BrokerPublisher _publisher;
    private readonly OutboxOptions _options;
    private readonly ILogger<OutboxRelay> _logger;
    private readonly Channel<OutboxMessage> _queue;
    private readonly ConcurrentDictionary<Guid, bool> _inFlight = new();
    private Task _publishing = Task.CompletedTask;

    public OutboxRelay(
        NpgsqlDataSource source, OutboxOwner owner, BrokerPublisher publisher, IOptions<OutboxOptions> options, ILogger<OutboxRelay> logger)
    {
        (_source, _owner, _publisher, _options, _logger) = (source, owner, publisher, options.Value, logger);
        _queue = Channel.CreateBounded<OutboxMessage>(_options.Capacity);
    }

    /// <summary>False while so much waits to be published that it is no time to add to it.</summary>
    public bool HasRoom => _queue.Reader.Count <= _options.Capacity / 2;

    /// <summary>Takes committed messages. Never waits: what finds no room stays in the table until the sweep.</summary>
    public void HandOver(IReadOnlyList<OutboxMessage> messages)
    {
        foreach (var message in messages)
        {
            if (!_inFlight.TryAdd(message.Id, true) || _queue.Writer.TryWrite(message))
                continue;
            // What comes after it must not overtake it.
            _inFlight.TryRemove(message.Id, out _);
            return;
        }
    }

    /// <summary>Publishes what is in memory before it ends; what it cannot publish in time another process will.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _queue.Writer.TryComplete();
        await Task.WhenAny(_publishing, Task.Delay(DrainTime, cancellationToken));
        await base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _publishing = PublishAsync(stoppingToken);
        await Task.WhenAll(_publishing, SweepAsync(stoppingToken));
    }

    // Messages leave one after the other; only the confirmations of batches overlap.
    private async Task PublishAsync(CancellationToken stoppingToken)
    {
        using var free = new SemaphoreSlim(BatchesInFlight);
        try
        {
            while (await _queue.Reader.WaitToReadAsync(stoppingToken))
            {
                await free.WaitAsync(stoppingToken);
                var batch = new List<OutboxMessage>();
                while (batch.Count < BatchSize && _queue.Reader.TryRead(out var message))
                    batch.Add(message);
                FailPoint.Pass(FailPoint.AfterCommit);
                _ = CompleteAsync(batch, await SendAsync(batch, stoppingToken), free);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The rows stay; another process takes them as soon as this one has let go of its lock.
        }

        for (var i = 0; i < BatchesInFlight; i++)
            await free.WaitAsync(CancellationToken.None);
    }

    /// <summary>Hands a batch to the broker, in order; the tasks tell what it took.</summary>
    private async Task<Task<bool>[]> SendAsync(List<OutboxMessage> batch, CancellationToken stoppingToken)
    {
        var outcomes = new Task<bool>[batch.Count];
        // With one of them published and another not, the order would be lost.
        if (!await TryConnectAsync(stoppingToken))
        {
            Array.Fill(outcomes, Task.FromResult(false));
            return outcomes;
        }

        HashSet<string>? asked = null;
        for (var i = 0; i < batch.Count; i++)
        {
            var isFirst = !_publisher.Knows(batch[i].Exchange) && (asked ??= new(StringComparer.Ordinal)).Add(batch[i].Exchange);
            outcomes[i] = TryPublishAsync(batch[i], stoppingToken);
            // Those behind it would find the exchange sooner than it does.
            if (isFirst)
                await outcomes[i];
        }

        return outcomes;
    }

    private async Task<bool> TryConnectAsync(CancellationToken stoppingToken)
    {
        try
        {
            return await _publisher.TryConnectAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task CompleteAsync(List<OutboxMessage> batch, Task<bool>[] outcomes, SemaphoreSlim free)
    {
        try
        {
            var published = await Task.WhenAll(outcomes);
            FailPoint.Pass(FailPoint.AfterPublish);
            var ids = batch.Where((_, i) => published[i]).Select(message => message.Id).ToArray();
            // Even when stopping: what stays is published a second time by whoever takes the rows.
            if (ids.Length > 0)
                await OutboxTable.DeleteAsync(_source, ids, CancellationToken.None);
        }
        catch (Exception exception)
        {
            _logger.LogWarning("Published messages stay in the outbox for now: {Reason}", exception.GetBaseException().Message);
        }
        finally
        {
            foreach (var message in batch)
                _inFlight.TryRemove(message.Id, out _);
            free.Release();
        }
    }

    private async Task<bool> TryPublishAsync(OutboxMessage message, CancellationToken stoppingToken)
    {
        try
        {
            await _publisher.PublishAsync(message, stoppingToken);
            return true;
        }
        catch (Exception exception) when (exception is PublishException or MissingExchangeException)
        {
            _logger.LogWarning(
                "No queue took message {MessageId} on exchange {Exchange}; it stays in the outbox: {Reason}",
                message.MessageId, message.Exchange, exception.Message);
            return false;
        }
        catch (Exception exception)
        {
            _logger.LogDebug(exception, "Message {MessageId} stays in the outbox", message.MessageId);
            return false;
        }
    }

    private async Task SweepAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_options.SweepInterval);
        while (await timer.WaitForNextTickAsync(stoppingToken).AsTask().ContinueWith(t => t.IsCompletedSuccessfully, TaskScheduler.Default))
        {
            try
            {
                await SweepOnceAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                _logger.LogWarning("The outbox could not be swept: {Reason}", exception.GetBaseException().Message);
            }
        }
    }

    private async Task SweepOnceAsync(CancellationToken stoppingToken)
    {
        if (!HasRoom || !await _publisher.TryConnectAsync(stoppingToken))
            return;
        // One look at the table tells what there is to find: while all is well it is the only one.
        var owners = await OutboxTable.ReadOwnersAsync(_source, stoppingToken);
        foreach (var (owner, age) in owners)
        {
            if (owner != _owner.Id)
                HandOver(await OutboxTable.ClaimFromDeadAsync(_source, _owner.Id, owner, SweepLimit, stoppingToken));
            else if (age > HandOverTime)
                HandOver(await OutboxTable.ReadOwnAsync(_source, owner, HandOverTime, SweepLimit + _inFlight.Count, stoppingToken));
        }

        if (owners.Exists(row => row.Owner != _owner.Id && row.Age > _options.Lease))
            HandOver(await OutboxTable.ClaimFromHungAsync(_source, _owner.Id, _options.Lease, SweepLimit, stoppingToken));
    }
}
