using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence.Outbox;

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
    private readonly TimeProvider _time;
    private readonly List<OutboxMessage> _messages = [];
    private readonly List<ResourceEvent> _events = [];
    private readonly List<NpgsqlBatchCommand> _last = [];
    private bool _begun;

    internal DurableTransaction(NpgsqlConnection connection, int owner, OutboxRelay relay, TimeProvider time)
    {
        (_connection, _owner, _relay, _time) = (connection, owner, relay, time);
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
            if (_messages.Count > 0)
                batch.BatchCommands.Add(OutboxTable.Insert(_owner, _messages));
            if (_events.Count > 0)
                batch.BatchCommands.Add(InsertEvents());
            foreach (var command in _last)
                batch.BatchCommands.Add(command);
            batch.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }

        _relay.HandOver(_messages);
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private NpgsqlBatchCommand InsertEvents()
    {
        var command = new NpgsqlBatchCommand("""
            INSERT INTO resource_event (kind, key, what, from_state, to_state, reason, actor, trace_id)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)
            """);
        Add(e => e.Kind);
        Add(e => e.Key);
        Add(e => e.What);
        Add(e => e.FromState);
        Add(e => e.ToState);
        Add(e => e.Reason);
        Add(e => e.Actor);
        Add(e => e.TraceId);
        return command;

        void Add(Func<ResourceEvent, string?> column) => command.Parameters.Add(new NpgsqlParameter<string?[]>
        {
            TypedValue = [.. _events.Select(column)],
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
        });
    }
}
