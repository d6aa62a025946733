using MassTransit;
using Microsoft.EntityFrameworkCore;
using Orchestrator.Contracts;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Persistence.SagaStorage;

namespace Orchestrator.Bench.Saga;

/// <summary>One leg of a journey; each causes the next until none is left.</summary>
[MessageName("orchestrator.bench.go")]
public sealed record Go(Guid CorrelationId, int Left) : CorrelatedBy<Guid>;

/// <summary>A saga of usual size.</summary>
public sealed class Journey : SagaStateMachineInstance
{
    public Guid CorrelationId { get; set; }
    public string State { get; set; } = "";
    public int Legs { get; set; }
    public string Name { get; set; } = "";
    public DateTimeOffset? At { get; set; }
    public string? Reason { get; set; }
    public long Distance { get; set; }
}

public sealed class JourneyContext(DbContextOptions<JourneyContext> options) : DbContext(options)
{
    public const string Schema = """
        CREATE TABLE IF NOT EXISTS bench_journey (correlation_id uuid PRIMARY KEY, state text NOT NULL, legs integer NOT NULL, name text NOT NULL,
            at timestamptz, reason text, distance bigint NOT NULL)
        """;

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        var journey = modelBuilder.MapSaga<Journey>("bench_journey");
        foreach (var property in journey.Metadata.GetProperties().Where(property => !property.IsShadowProperty()))
            property.SetColumnName(System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name));
    }
}

/// <summary>Each leg changes the row, writes a line of the timeline and sends the next leg, in one transaction.</summary>
public sealed class JourneyStateMachine : MassTransitStateMachine<Journey>
{
    public JourneyStateMachine(TimeProvider time)
    {
        InstanceState(journey => journey.State);
        Initially(When(Going).Then(Travel).TransitionTo(Under));
        During(Under, When(Going).Then(Travel).If(context => context.Message.Left == 0, last => last.TransitionTo(Arrived)));
        During(Arrived, Ignore(Going));
        WhenEnter(Arrived, binder => binder.Then(context => context.Saga.At = time.GetUtcNow()));
    }

    public State Under { get; private set; } = null!;
    public State Arrived { get; private set; } = null!;
    public Event<Go> Going { get; private set; } = null!;

    private static void Travel(BehaviorContext<Journey, Go> context)
    {
        context.Saga.Legs++;
        context.Saga.Distance += context.Message.Left;
        context.Saga.Name = "a name of usual length";
        var transaction = context.GetPayload<DurableTransaction>();
        transaction.Record(new ResourceEvent { Kind = "journey", Key = context.Saga.CorrelationId.ToString(), What = "travelled", FromState = "under", ToState = "under" });
        if (context.Message.Left > 0)
            transaction.Publish(new Go(context.Saga.CorrelationId, context.Message.Left - 1));
    }
}
