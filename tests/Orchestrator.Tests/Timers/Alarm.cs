using System.Collections.Concurrent;
using MassTransit;
using Orchestrator.Contracts;
using Orchestrator.Sagas.Messaging;

namespace Orchestrator.Tests.Timers;

/// <summary>What the timers under test send.</summary>
[MessageName("orchestrator.test.alarm")]
public sealed record Alarm
{
    public required string Name { get; init; }
}

/// <summary>One arrival of an alarm.</summary>
public sealed record Ring(string Name, Guid MessageId, Guid? Token, string? TraceParent);

/// <summary>Every alarm that came, as often as it came.</summary>
public sealed class Rings
{
    private readonly ConcurrentQueue<Ring> _rings = new();

    public IReadOnlyList<Ring> All => [.. _rings];

    public void Add(ConsumeContext<Alarm> context) => _rings.Enqueue(new Ring(
        context.Message.Name,
        context.MessageId!.Value,
        context.Headers.Get<Guid>(Envelope.SchedulingToken),
        context.ReceiveContext.TransportHeaders.Get<string>("traceparent")));
}

public sealed class AlarmConsumer(Rings rings) : IConsumer<Alarm>
{
    public Task Consume(ConsumeContext<Alarm> context)
    {
        rings.Add(context);
        return Task.CompletedTask;
    }
}
