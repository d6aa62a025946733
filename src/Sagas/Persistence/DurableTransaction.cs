using System.Diagnostics;
using Npgsql;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence.Outbox;
using Orchestrator.Sagas.Persistence.Timers;

namespace Orchestrator.Sagas.Persistence;

/// <summary>
/// State, the messages it causes and the lines of the timeline, committed together. Two round trips are enough: the
/// first carries BEGIN and the statements, the second the outbox, the timeline and COMMIT. After the commit the
/// messages go to the relay in memory. Disposed without a commit, everything is rolled back.
/// </summary>
public sealed class DurableTransaction : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly int _owner;
    private readonly OutboxRelay _relay;
    private readonly DueTimers _timers;
    private readonly TimeProvider _time;
    private readonly List<OutboxMessage> _messages = [];
    private readonly List<ResourceEvent> _events = [];
    private readonly List<NpgsqlBatchCommand> _last = [];

    /// <summary>By token; null takes the timer back.</summary>
    private readonly Dictionary<Guid, PendingTimer?> _scheduled = [];
    private bool _begun;

    internal DurableTransaction(NpgsqlConnection connection, int owner, OutboxRelay relay, DueTimers timers, TimeProvider time)
    {
        (_connection, _owner, _relay, _timers, _time) = (connection, owner, relay, timers, time);
    }

    /// <summary>How long one round trip may take. Default: that of the connection string, 30 seconds unless it says otherwise.</summary>
    public TimeSpan? Timeout { get; set; }

    /// <summary>For statements that are made elsewhere. They belong to the transaction once a batch has begun it.</summary>
    internal NpgsqlConnection Connection => _connection;

    /// <summary>A batch of statements within the transaction.</summary>
    public NpgsqlBatch CreateBatch()
    {
        var batch = _connection.CreateBatch();
        if (Timeout is { } timeout)
            batch.Timeout = (int)timeout.TotalSeconds;
        if (!_begun)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand("BEGIN"));
            _begun = true;
        }

        return batch;
    }

    /// <summary>One statement within the transaction; its result says how many rows it touched.</summary>
    public async Task<int> ExecuteAsync(string sql, CancellationToken cancellationToken, params object?[] parameters)
    {
        await using var batch = CreateBatch();
        var command = Sql.Command(sql, parameters);
        batch.BatchCommands.Add(command);
        await batch.ExecuteNonQueryAsync(cancellationToken);
        return (int)command.RecordsAffected;
    }

    /// <summary>Runs with the commit, in its round trip.</summary>
    public void ExecuteWithCommit(NpgsqlBatchCommand command) => _last.Add(command);

    /// <summary>Publishes an event with the commit.</summary>
    /// <inheritdoc cref="Envelope.Event{T}"/>
    public void Publish<T>(T message, ActivityContext parent = default, IEnumerable<ActivityLink>? links = null)
        where T : class =>
        _messages.Add(Envelope.Event(message, _time.GetUtcNow(), parent, links));

    /// <summary>Publishes a finished message with the commit.</summary>
    public void Publish(OutboxMessage message) => _messages.Add(message);

    /// <summary>
    /// Sends a command later. The timer commits with the transaction, survives every process, never fires early and
    /// has its effect once.
    /// </summary>
    /// <param name="message">A contract with a <see cref="Contracts.MessageNameAttribute"/>.</param>
    /// <param name="token">
    /// Names the timer: setting it again replaces message and time, <see cref="Unschedule"/> takes it back. A timer that
    /// fired is gone; its token may be used again. The message carries it as header <c>MT-Scheduling-TokenId</c>.
    /// </param>
    /// <param name="delay">From the commit on, on the database's clock. Zero or less: as soon as it is committed.</param>
    /// <param name="parent">The trace that the message continues; the current one by default.</param>
    public void Schedule<T>(T message, Guid token, TimeSpan delay, ActivityContext parent = default)
        where T : class =>
        Schedule(Envelope.Scheduled(message, token, _time.GetUtcNow(), parent), token, delay);

    /// <summary>Sends a command at a time on the database's clock; what is past goes as soon as it is committed.</summary>
    /// <inheritdoc cref="Schedule{T}(T, Guid, TimeSpan, ActivityContext)"/>
    public void Schedule<T>(T message, Guid token, DateTimeOffset dueAt, ActivityContext parent = default)
        where T : class =>
        Schedule(Envelope.Scheduled(message, token, _time.GetUtcNow(), parent), token, dueAt);

    /// <summary>Publishes a finished message later, to the exchange or queue that it names.</summary>
    /// <inheritdoc cref="Schedule{T}(T, Guid, TimeSpan, ActivityContext)"/>
    public void Schedule(OutboxMessage message, Guid token, TimeSpan delay) =>
        _scheduled[token] = new PendingTimer(token, message) { Delay = delay > TimeSpan.Zero ? delay : TimeSpan.Zero };

    /// <summary>Publishes a finished message later, to the exchange or queue that it names.</summary>
    /// <inheritdoc cref="Schedule{T}(T, Guid, DateTimeOffset, ActivityContext)"/>
    public void Schedule(OutboxMessage message, Guid token, DateTimeOffset dueAt) =>
        _scheduled[token] = new PendingTimer(token, message) { DueAt = dueAt };

    /// <summary>
    /// Takes a timer back with the commit. One that fires at the same moment is either taken back or fires, never both;
    /// its receiver must expect either.
    /// </summary>
    public void Unschedule(Guid token) => _scheduled[token] = null;

    /// <summary>Writes a line of a resource's timeline with the commit.</summary>
    public void Record(ResourceEvent line) => _events.Add(line);

    /// <summary>Commits, then hands the messages to the relay.</summary>
    /// <exception cref="NpgsqlException">
    /// The database went away. Whether the commit happened is then unknown; the inbox or the natural key decides when
    /// the work is tried again.
    /// </exception>
    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        await using (var batch = CreateBatch())
        {
            if (_events.Count > 0)
                batch.BatchCommands.Add(EventTable.Insert(_events, _messages.Count > 0 ? OutboxTable.Insert(_owner, _messages) : null));
            else if (_messages.Count > 0)
                batch.BatchCommands.Add(OutboxTable.Insert(_owner, _messages));
            AddTimers(batch);
            foreach (var command in _last)
                batch.BatchCommands.Add(command);
            batch.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }

        _relay.HandOver(_messages);
        foreach (var timer in _scheduled.Values)
        {
            if (timer?.Delay is { } delay)
                _timers.Expect(delay);
            else if (timer?.DueAt is { } dueAt)
                _timers.Expect(dueAt);
        }
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private void AddTimers(NpgsqlBatch batch)
    {
        var removed = _scheduled.Where(timer => timer.Value is null).Select(timer => timer.Key).ToList();
        if (removed.Count > 0)
            batch.BatchCommands.Add(TimerTable.Remove(removed));
        if (_scheduled.Count > removed.Count)
            batch.BatchCommands.Add(TimerTable.Set(_scheduled.Values.OfType<PendingTimer>()));
    }
}
