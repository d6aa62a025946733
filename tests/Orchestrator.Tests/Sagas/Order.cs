using MassTransit;
using Microsoft.EntityFrameworkCore;
using Orchestrator.Sagas.Persistence.SagaStorage;

namespace Orchestrator.Tests.Sagas;

/// <summary>A saga of every kind of column, for the conformance of a storage.</summary>
public sealed class Order : SagaStateMachineInstance
{
    public Guid CorrelationId { get; set; }
    public string State { get; set; } = "";

    /// <summary>Unique.</summary>
    public string? Number { get; set; }

    /// <summary>How many messages it has taken.</summary>
    public int Steps { get; set; }
    public string? Note { get; set; }
    public DateTimeOffset? At { get; set; }
    public decimal Amount { get; set; }
    public long Large { get; set; }
    public DayOfWeek Day { get; set; }
    public List<string> Lines { get; set; } = [];
    public byte[]? Bytes { get; set; }

    /// <summary>Of the timeout that is set.</summary>
    public Guid? TimeoutToken { get; set; }
}

public sealed class OrderContext(DbContextOptions<OrderContext> options) : DbContext(options)
{
    public const string Schema = """
        CREATE TABLE test_order (correlation_id uuid PRIMARY KEY, state text NOT NULL, number text UNIQUE, steps integer NOT NULL, note text,
            at timestamptz, amount numeric NOT NULL, large bigint NOT NULL, day text NOT NULL, lines text[] NOT NULL, bytes bytea, timeout_token uuid);
        """;

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        var order = modelBuilder.MapSaga<Order>("test_order");
        order.Property(o => o.Day).HasConversion<string>();
        foreach (var property in order.Metadata.GetProperties().Where(property => !property.IsShadowProperty()))
            property.SetColumnName(System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name));
    }
}

/// <summary>Begins an order, or counts when it is there.</summary>
public sealed record Begin(Guid CorrelationId) : CorrelatedBy<Guid>
{
    public string? Number { get; init; }
    public Order? Values { get; init; }
}

/// <summary>Inserts an order before anything looks for it, or counts when it is there.</summary>
public sealed record Found(Guid CorrelationId) : CorrelatedBy<Guid>;

/// <summary>Counts one step; <see cref="Trouble"/> says what goes wrong meanwhile.</summary>
public sealed record Step(Guid CorrelationId, string? Trouble = null) : CorrelatedBy<Guid>;

/// <summary>A step of the order with a number, which it begins when there is none.</summary>
public sealed record StepOfNumber(string Number);

/// <summary>A step of every order with a note.</summary>
public sealed record StepOfNote(string Note);

/// <summary>Ends and forgets the order.</summary>
public sealed record End(Guid CorrelationId) : CorrelatedBy<Guid>;

/// <summary>Has a message sent to a queue.</summary>
public sealed record Ship(Guid CorrelationId, string Queue) : CorrelatedBy<Guid>;

/// <summary>Asks for the count, and counts.</summary>
public sealed record Ask(Guid CorrelationId) : CorrelatedBy<Guid>;

public sealed record Answered(int Steps);

/// <summary>Sets a timeout, in place of the one that is set.</summary>
public sealed record Arm(Guid CorrelationId, TimeSpan Delay, string? Trouble = null) : CorrelatedBy<Guid>;

/// <summary>Takes the timeout back.</summary>
public sealed record Disarm(Guid CorrelationId) : CorrelatedBy<Guid>;

/// <summary>Counts 1,000 steps.</summary>
public sealed record TimedOut(Guid CorrelationId) : CorrelatedBy<Guid>;

/// <summary>What each step causes, published.</summary>
public sealed record Stepped(Guid OrderId, int Steps);

/// <summary>What each end causes, sent to a queue.</summary>
public sealed record Archive(Guid OrderId);

public sealed class OrderStateMachine : MassTransitStateMachine<Order>
{
    public OrderStateMachine(Troubles troubles)
    {
        InstanceState(order => order.State);
        Event(() => Founded, e =>
        {
            e.InsertOnInitial = true;
            e.SetSagaFactory(context => new Order { CorrelationId = context.Message.CorrelationId });
        });
        Event(() => OfNumber, e => e
            .CorrelateBy((order, context) => order.Number == context.Message.Number)
            .SelectId(_ => Guid.CreateVersion7()));
        Event(() => OfNote, e => e.CorrelateBy((order, context) => order.Note == context.Message.Note).OnMissingInstance(m => m.Discard()));
        Event(() => Stepping, e => e.OnMissingInstance(m => m.Fault()));
        Event(() => Ended, e => e.OnMissingInstance(m => m.Discard()));
        Schedule(() => Timeout, order => order.TimeoutToken, s => s.Received = e => e.CorrelateById(m => m.Message.CorrelationId).OnMissingInstance(m => m.Discard()));
        Initially(
            When(Begun).Then(context => Fill(context.Saga, context.Message)).Then(Count).TransitionTo(Open),
            When(Founded).Then(Count).TransitionTo(Open),
            When(OfNumber).Then(context => context.Saga.Number = context.Message.Number).Then(Count).TransitionTo(Open));
        During(
            Open,
            When(Begun).Then(Count),
            When(Founded).Then(Count),
            When(OfNumber).Then(Count),
            When(OfNote).Then(Count),
            When(Asked).Then(Count).Respond(context => new Answered(context.Saga.Steps)),
            When(Stepping)
                .Then(Count)
                .Publish(context => new Stepped(context.Saga.CorrelationId, context.Saga.Steps))
                .ThenAsync(context => troubles.MeetAsync(context.Message)),
            When(Armed)
                .Schedule(Timeout, context => new TimedOut(context.Saga.CorrelationId), context => context.Message.Delay)
                .ThenAsync(context => troubles.MeetAsync(new Step(context.Message.CorrelationId, context.Message.Trouble))),
            When(Disarmed).Unschedule(Timeout),
            When(Shipped).Then(Count).Send(context => new Uri($"queue:{context.Message.Queue}"), context => new Archive(context.Saga.CorrelationId)),
            When(Timeout.Received).Then(context => context.Saga.Steps += 1000),
            When(Ended).Unschedule(Timeout).Send(new Uri("queue:order-archive"), context => new Archive(context.Saga.CorrelationId)).Finalize());
        SetCompletedWhenFinalized();
    }

    public State Open { get; private set; } = null!;
    public Event<Begin> Begun { get; private set; } = null!;
    public Event<Found> Founded { get; private set; } = null!;
    public Event<Step> Stepping { get; private set; } = null!;
    public Event<StepOfNumber> OfNumber { get; private set; } = null!;
    public Event<StepOfNote> OfNote { get; private set; } = null!;
    public Event<Ask> Asked { get; private set; } = null!;
    public Event<End> Ended { get; private set; } = null!;
    public Event<Ship> Shipped { get; private set; } = null!;
    public Event<Arm> Armed { get; private set; } = null!;
    public Event<Disarm> Disarmed { get; private set; } = null!;
    public Schedule<Order, TimedOut> Timeout { get; private set; } = null!;

    private static void Count<T>(BehaviorContext<Order, T> context)
        where T : class => context.Saga.Steps++;

    private static void Fill(Order order, Begin message)
    {
        order.Number = message.Number;
        if (message.Values is not { } values)
            return;
        (order.Note, order.At, order.Amount, order.Large) = (values.Note, values.At, values.Amount, values.Large);
        (order.Day, order.Lines, order.Bytes) = (values.Day, values.Lines, values.Bytes);
    }
}
