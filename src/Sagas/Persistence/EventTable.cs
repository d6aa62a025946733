using Npgsql;
using NpgsqlTypes;
using Orchestrator.Sagas.Persistence.Outbox;

namespace Orchestrator.Sagas.Persistence;

/// <summary>The statement that writes to table <c>resource_event</c>.</summary>
internal static class EventTable
{
    private const string Into = "INSERT INTO resource_event (kind, key, what, from_state, to_state, reason, actor, trace_id) SELECT * FROM unnest";

    private const string Alone = $"{Into}($1, $2, $3, $4, $5, $6, $7, $8)";

    // Most transitions have lines and messages: one statement less.
    private const string WithOutbox = $"WITH sent AS ({OutboxTable.InsertText}) {Into}($10, $11, $12, $13, $14, $15, $16, $17)";

    /// <summary>Inserts all lines with one statement.</summary>
    /// <param name="events">In their order.</param>
    /// <param name="outbox">The statement that inserts the messages of the same transaction, to be one with it.</param>
    public static NpgsqlBatchCommand Insert(List<ResourceEvent> events, NpgsqlBatchCommand? outbox)
    {
        var command = outbox ?? new NpgsqlBatchCommand();
        command.CommandText = outbox is null ? Alone : WithOutbox;
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
            TypedValue = [.. events.Select(column)],
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
        });
    }
}
