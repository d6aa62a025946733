using System.Diagnostics;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Timers;

public sealed class When_timers_are_set_in_a_transaction(TwoHosts hosts) : TimerConformance(hosts), IClassFixture<TwoHosts>
{
    private AlarmHost First => Hosts.First;

    protected override Task SetAsync(AlarmHost host, Guid token, string name, DateTimeOffset dueAt, ActivityContext trace = default) =>
        host.CommitAsync(transaction => transaction.Schedule(new Alarm { Name = name }, token, dueAt, trace));

    protected override Task CancelAsync(AlarmHost host, Guid token) => host.CommitAsync(transaction => transaction.Unschedule(token));

    [Fact]
    public async Task Should_count_a_delay_from_the_commit_on()
    {
        var name = $"{Guid.CreateVersion7()}";
        var before = await NowAsync();

        await First.CommitAsync(transaction => transaction.Schedule(new Alarm { Name = name }, Guid.CreateVersion7(), TimeSpan.FromSeconds(1)));

        await UntilRungAsync(name);
        Assert.True(await NowAsync() - before >= TimeSpan.FromSeconds(1), "early");
    }

    [Fact]
    public async Task Should_set_nothing_when_the_transaction_is_rolled_back()
    {
        var name = $"{Guid.CreateVersion7()}";
        await using (var transaction = await First.Transactions.BeginAsync(TestContext.Current.CancellationToken))
        {
            await transaction.ExecuteAsync("SELECT 1", TestContext.Current.CancellationToken);
            transaction.Schedule(new Alarm { Name = name }, Guid.CreateVersion7(), TimeSpan.Zero);
        }

        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        Assert.Empty(Rings(name));
    }

    [Fact]
    public async Task Should_do_only_the_last_of_what_one_transaction_does_with_a_token()
    {
        var token = Guid.CreateVersion7();
        await First.CommitAsync(transaction =>
        {
            transaction.Schedule(new Alarm { Name = $"first-{token}" }, token, TimeSpan.Zero);
            transaction.Unschedule(token);
            transaction.Schedule(new Alarm { Name = $"last-{token}" }, token, TimeSpan.Zero);
        });

        await UntilRungAsync($"last-{token}");
        Assert.Empty(Rings($"first-{token}"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(-1)]
    public async Task Should_take_any_length_of_delay(int? seconds)
    {
        var token = Guid.CreateVersion7();
        var name = $"{token}";

        await First.CommitAsync(transaction => transaction.Schedule(
            new Alarm { Name = name }, token, seconds is { } delay ? TimeSpan.FromSeconds(delay) : TimeSpan.MaxValue));

        if (seconds is not null)
            await UntilRungAsync(name);
        else
            Assert.True(await Place.ScalarAsync<bool>("DELETE FROM timer WHERE token = $1 RETURNING due_at > now() + interval '10000 years'", token));
    }

    [Fact]
    public async Task Should_send_a_finished_message_of_any_size_to_a_queue()
    {
        var name = new string('ß', 600_000);
        var message = Envelope.Command(new Alarm { Name = name }, DateTimeOffset.UnixEpoch) with { Exchange = "", RoutingKey = "alarm" };

        await First.CommitAsync(transaction => transaction.Schedule(message, Guid.CreateVersion7(), TimeSpan.FromMilliseconds(10)));

        await UntilRungAsync(name);
        Assert.Equal(message.MessageId, $"{Rings(name).Single().MessageId}");
    }

    [Fact]
    public async Task Should_fire_in_time_what_is_due_before_the_next_look()
    {
        await using var place = await Hosts.CreatePlaceAsync();
        await using var host = await AlarmHost.StartAsync(place, ("Timers:LookInterval", "00:01:00"));
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);

        await host.CommitAsync(transaction => transaction.Schedule(new Alarm { Name = "soon" }, Guid.CreateVersion7(), TimeSpan.FromMilliseconds(300)));

        await Wait.UntilAsync(() => Task.FromResult(host.Rings.All.Count == 1), "rung");
    }

    [Fact]
    public async Task Should_let_writers_of_many_tokens_pass_each_other()
    {
        var tokens = Enumerable.Range(0, 50).Select(_ => Guid.CreateVersion7()).ToArray();
        await Parallel.ForAsync(0, 40, async (i, _) => await First.CommitAsync(transaction =>
        {
            foreach (var token in i % 2 == 0 ? tokens : tokens.Reverse())
                transaction.Schedule(new Alarm { Name = "never" }, token, TimeSpan.FromHours(1));
        }));

        await First.CommitAsync(transaction =>
        {
            foreach (var token in tokens)
                transaction.Unschedule(token);
        });
        Assert.Equal(0L, await Place.ScalarAsync<long>("SELECT count(*) FROM timer WHERE token = ANY ($1)", tokens));
    }
}
