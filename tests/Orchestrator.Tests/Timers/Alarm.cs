using System.Collections.Concurrent;
using System.Diagnostics;
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
public sealed record Ring(string Name, Guid MessageId, Guid? Token, string? Trace, DateTimeOffset At);

/// <summary>Every alarm that came, as often as it came.</summary>
public sealed class Rings(TimeProvider time)
{
    private readonly ConcurrentQueue<Ring> _rings = new();

    public IReadOnlyList<Ring> All => [.. _rings];

    public void Add(ConsumeContext<Alarm> context) => _rings.Enqueue(new Ring(
        context.Message.Name,
        context.MessageId!.Value,
        context.Headers.Get<Guid>(Envelope.SchedulingToken),
        Activity.Current?.TraceId.ToString() ?? context.ReceiveContext.TransportHeaders.Get<string>("traceparent")?.Split('-')[1],
        time.GetUtcNow()));

    /// <summary>The names that came, each with the number of its distinct message ids: what an inbox would let through.</summary>
    public int Count(string name) => _rings.Where(ring => ring.Name == name).Select(ring => ring.MessageId).Distinct().Count();
}

public sealed class AlarmConsumer(Rings rings) : IConsumer<Alarm>
{
    public Task Consume(ConsumeContext<Alarm> context)
    {
        rings.Add(context);
        return Task.CompletedTask;
    }
}
