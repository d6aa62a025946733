using System.Net.Sockets;
using Npgsql;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence.Outbox;

namespace Orchestrator.Tests.Messaging;

public sealed class When_a_handler_fails
{
    public static TheoryData<Exception> Passing =>
    [
        new NpgsqlException(),
        Refusal(PostgresErrorCodes.SerializationFailure),
        Refusal(PostgresErrorCodes.AdminShutdown),
        Refusal(PostgresErrorCodes.UndefinedTable),
        new SocketException(),
        new BrokerUnavailableException("away"),
        // The batch of a delivery is cancelled when the connection of one of its neighbours goes.
        new TaskCanceledException(),
        new InvalidOperationException("wrapped", new TimeoutException()),
    ];

    public static TheoryData<Exception> Staying =>
    [
        new InvalidMessageException("INVALID_FIELD", "'id'"),
        Refusal(PostgresErrorCodes.CheckViolation),
        Refusal(PostgresErrorCodes.NumericValueOutOfRange),
        new InvalidOperationException("a defect"),
    ];

    [Theory, MemberData(nameof(Passing))]
    public void Should_try_again_what_may_succeed_later(Exception fault) => Assert.True(Transient.Is(fault));

    [Theory, MemberData(nameof(Staying))]
    public void Should_give_up_what_never_will(Exception fault) => Assert.False(Transient.Is(fault));

    private static PostgresException Refusal(string state) => new("refused", "ERROR", "ERROR", state);
}
