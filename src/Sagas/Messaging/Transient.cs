using System.Net.Sockets;
using Npgsql;
using Orchestrator.Sagas.Persistence.Outbox;
using Orchestrator.Sagas.Persistence.SagaStorage;
using RabbitMQ.Client.Exceptions;

namespace Orchestrator.Sagas.Messaging;

/// <summary>Tells faults of the surroundings, which pass, from faults of a message, which stay.</summary>
public static class Transient
{
    private const string ConfusedConnection = "Please file a bug.";

    /// <summary>True when the same message may succeed later.</summary>
    public static bool Is(Exception? exception) => exception switch
    {
        null => false,
        // Has its own, bounded, retries.
        SagaConflictException => false,
        InvalidMessageException => false,
        PostgresException postgres => !IsDataFault(postgres),
        NpgsqlException or TimeoutException or SocketException or IOException or BrokerUnavailableException => true,
        OperationInterruptedException or AlreadyClosedException => true,
        // Of the delivery, or of a neighbour in its batch that came over a connection that is gone.
        OperationCanceledException => true,
        // Npgsql (issue 6391): a query whose parameter was refused while it was being prepared cannot read its next answer; then the connection is closed.
        { Message: var text } when text.EndsWith(ConfusedConnection, StringComparison.Ordinal) => true,
        _ => Is(exception.InnerException),
    };

    /// <summary>
    /// True when Postgres refuses a value: SQLSTATE classes 21, 22, 23 and 54. Serialization failures and deadlocks,
    /// class 40, are none.
    /// </summary>
    public static bool IsDataFault(PostgresException exception) =>
        exception.SqlState.AsSpan(0, 2) is "21" or "22" or "23" or "54";

    /// <summary>True when Postgres gave up one of several transactions that were in each other's way: it may simply be done again.</summary>
    public static bool IsConflict(Exception exception) =>
        exception is PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure };
}
