using FluentValidation;
using MassTransit;
using Orchestrator.Contracts;
using Orchestrator.Tests.Infrastructure;
using Orchestrator.Tests.Timers;
using Orchestrator.Workers.Jobs;

namespace Orchestrator.Tests.Outbox;

/// <summary>Has alarms published, and says how it goes.</summary>
[MessageName("orchestrator.test.ring-alarms")]
public sealed record RingAlarms
{
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>The handler fails so many times with a fault that passes.</summary>
    public int Failures { get; init; }

    /// <summary>The handler fails for good.</summary>
    public bool IsBad { get; init; }
}

public sealed class RingAlarmsValidator : AbstractValidator<RingAlarms>;

public sealed class RingAlarmsConsumer(SingleMessage single) : IConsumer<RingAlarms>
{
    public Task Consume(ConsumeContext<RingAlarms> context) => single.HandleAsync(context, "ring-alarms", transaction =>
    {
        foreach (var name in context.Message.Names)
            transaction.Publish(new Alarm { Name = name });
        if (context.Message.IsBad)
            throw new InvalidOperationException("a fault that stays");
        return context.GetRetryAttempt() < context.Message.Failures ? throw new TimeoutException("a fault that passes") : Task.CompletedTask;
    });
}

/// <summary>A message comes in, others go out: the inbox too.</summary>
public sealed class When_a_consumer_publishes(TwoHosts hosts) : OutboxConformance(hosts), IClassFixture<TwoHosts>
{
    protected override Task CommitAsync(params IReadOnlyList<string> names) => SendAsync(new RingAlarms { Names = names });

    protected override async Task RollBackAsync(string name)
    {
        await SendAsync(new RingAlarms { Names = [name], IsBad = true });
        await Wait.UntilAsync(() => Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM dead_letter)"), "a dead letter");
    }

    [Fact]
    public async Task Should_take_a_repeated_message_once_also_when_repeats_come_at_once()
    {
        var name = NewName();
        var id = Guid.CreateVersion7();

        await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => SendAsync(new RingAlarms { Names = [name] }, id)));
        await UntilRungAsync(name);
        await SendAsync(new RingAlarms { Names = [name] }, id);

        var after = NewName();
        await CommitAsync(after);
        await UntilRungAsync(after);
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        Assert.Single(RungOf(name));
        Assert.Equal(1L, await Place.ScalarAsync<long>("SELECT count(*) FROM inbox WHERE message_id = $1", id));
    }

    [Fact]
    public async Task Should_publish_once_when_the_handler_fails_before_it_succeeds()
    {
        var name = NewName();

        await SendAsync(new RingAlarms { Names = [name], Failures = 3 });

        await UntilRungAsync(name);
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        Assert.Single(RungOf(name));
    }

    private Task SendAsync(RingAlarms message, Guid? id = null) =>
        Hosts.First.Bus.Publish(message, context => context.MessageId = id ?? Guid.CreateVersion7(), TestContext.Current.CancellationToken);
}
