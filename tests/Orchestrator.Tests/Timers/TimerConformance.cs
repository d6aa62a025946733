using System.Diagnostics;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Timers;

/// <summary>What a timer has to master, however it is set, with two processes that fire.</summary>
public abstract class TimerConformance(TwoHosts hosts)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(600);

    protected TwoHosts Hosts => hosts;

    protected Place Place => hosts.Place;

    /// <summary>Sets a timer that sends an alarm, from one of the two processes.</summary>
    protected abstract Task SetAsync(AlarmHost host, Guid token, string name, DateTimeOffset dueAt, ActivityContext trace = default);

    /// <summary>Takes a timer back.</summary>
    protected abstract Task CancelAsync(AlarmHost host, Guid token);

    [Fact]
    public async Task Should_fire_when_due_and_not_before()
    {
        var due = await NowAsync() + TimeSpan.FromSeconds(1.2);
        var name = await SetAsync(due);

        await UntilRungAsync(name);

        Assert.True(await NowAsync() >= due, "early");
        Assert.Single(Rings(name));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(-3600)]
    [InlineData(-40 * 365 * 86400.0)]
    public async Task Should_fire_at_once_what_is_due_already(double seconds)
    {
        var name = await SetAsync(await NowAsync() + TimeSpan.FromSeconds(seconds));

        await UntilRungAsync(name);
        Assert.Single(Rings(name));
    }

    [Fact]
    public async Task Should_fire_each_of_many_at_one_instant_once_while_two_processes_fire()
    {
        var due = await NowAsync() + TimeSpan.FromSeconds(2);
        var prefix = $"many-{Guid.CreateVersion7()}-";
        await Parallel.ForAsync(0, 500, async (i, _) => await SetAsync(i % 2 == 0 ? hosts.First : hosts.Second, Guid.CreateVersion7(), $"{prefix}{i}", due));

        await Wait.UntilAsync(() => Task.FromResult(RingsFrom(prefix).Count >= 500), "all rung");
        await Task.Delay(Quiet, TestContext.Current.CancellationToken);

        Assert.Equal(500, RingsFrom(prefix).Count);
        Assert.Equal(500, RingsFrom(prefix).Select(ring => ring.Name).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(0L, await PendingAsync());
    }

    [Fact]
    public async Task Should_not_fire_what_was_taken_back()
    {
        var token = Guid.CreateVersion7();
        var due = await NowAsync() + TimeSpan.FromSeconds(1.5);
        var name = await SetAsync(due, token);
        await UntilSetAsync(token);

        await CancelAsync(hosts.Second, token);
        await UntilUnsetAsync(token);

        Assert.True(await NowAsync() < due, "The machine is too slow for this test.");
        await UntilAsync(due + Quiet);
        Assert.Empty(Rings(name));
    }

    [Fact]
    public async Task Should_do_nothing_when_a_timer_is_taken_back_that_never_was_or_has_fired()
    {
        var token = Guid.CreateVersion7();
        var name = await SetAsync(await NowAsync(), token);
        await UntilRungAsync(name);

        await CancelAsync(hosts.First, token);
        await CancelAsync(hosts.First, Guid.CreateVersion7());
        await UntilRungAsync(await SetAsync(await NowAsync()));

        Assert.Single(Rings(name));
        Assert.Equal(0L, await Place.ScalarAsync<long>("SELECT count(*) FROM dead_letter"));
    }

    [Fact]
    public async Task Should_either_fire_or_take_back_when_both_happen_at_once()
    {
        var prefix = $"race-{Guid.CreateVersion7()}-";
        var tokens = Enumerable.Range(0, 100).Select(_ => Guid.CreateVersion7()).ToArray();
        var due = await NowAsync() + TimeSpan.FromSeconds(2);
        await Parallel.ForAsync(0, tokens.Length, async (i, _) => await SetAsync(hosts.First, tokens[i], $"{prefix}{i}", due + TimeSpan.FromMilliseconds(i)));
        await UntilAsync(due);

        await Parallel.ForAsync(0, tokens.Length, async (i, _) => await CancelAsync(hosts.Second, tokens[i]));

        await Wait.UntilAsync(async () => await PendingAsync() == 0, "nothing pending");
        await Task.Delay(Quiet, TestContext.Current.CancellationToken);
        Assert.Equal(RingsFrom(prefix).Count, RingsFrom(prefix).Select(ring => ring.Name).Distinct(StringComparer.Ordinal).Count());
    }

    [Theory]
    [InlineData(60, 0)]
    [InlineData(1.5, 60)]
    public async Task Should_replace_time_and_message_when_a_token_is_set_again(double first, double second)
    {
        var token = Guid.CreateVersion7();
        var now = await NowAsync();
        var old = await SetAsync(now + TimeSpan.FromSeconds(first), token);
        await UntilSetAsync(token);

        var replaced = await SetAsync(now + TimeSpan.FromSeconds(second), token);

        if (second < first)
        {
            await UntilRungAsync(replaced);
        }
        else
        {
            await UntilAsync(now + TimeSpan.FromSeconds(first) + Quiet);
            Assert.Empty(Rings(replaced));
            Assert.Equal(1L, await PendingAsync());
            await CancelAsync(hosts.First, token);
            await UntilUnsetAsync(token);
        }

        Assert.Empty(Rings(old));
    }

    [Fact]
    public async Task Should_fire_again_when_the_token_of_one_that_fired_is_set_again()
    {
        var token = Guid.CreateVersion7();
        var first = await SetAsync(await NowAsync(), token);
        await UntilRungAsync(first);

        var second = await SetAsync(await NowAsync() + Soon, token);
        await UntilRungAsync(second);

        Assert.NotEqual(Rings(first).Single().MessageId, Rings(second).Single().MessageId);
    }

    [Fact]
    public async Task Should_carry_the_token_that_a_saga_checks()
    {
        var token = Guid.CreateVersion7();

        var name = await SetAsync(await NowAsync(), token);

        await UntilRungAsync(name);
        Assert.Equal(token, Rings(name).Single().Token);
    }

    [Fact]
    public async Task Should_go_by_the_clock_of_the_database()
    {
        var inHalfAnHour = await SetAsync(await NowAsync() + TimeSpan.FromMinutes(30));
        var inTwoHours = Guid.CreateVersion7();
        var never = await SetAsync(await NowAsync() + TimeSpan.FromHours(2), inTwoHours);
        await Wait.UntilAsync(async () => await PendingAsync() == 2, "both set");
        await Task.Delay(Quiet, TestContext.Current.CancellationToken);
        Assert.Empty(Rings(inHalfAnHour));

        await Place.ExecuteAsync("INSERT INTO clock_skew VALUES (interval '1 hour')");

        await UntilRungAsync(inHalfAnHour);
        Assert.Empty(Rings(never));
        await Place.ExecuteAsync("UPDATE clock_skew SET skew = '-1 hour'");
        var late = await SetAsync(await NowAsync() + Soon);
        await UntilRungAsync(late);
        await Place.ExecuteAsync("DELETE FROM clock_skew");
        await CancelAsync(hosts.First, inTwoHours);
        await UntilUnsetAsync(inTwoHours);
    }

    [Fact]
    public async Task Should_fire_what_came_due_while_the_database_was_away()
    {
        await using var place = await hosts.CreatePlaceAsync();
        await using var host = await AlarmHost.StartAsync(place);
        var due = await NowAsync() + TimeSpan.FromHours(1);
        var database = await place.ScalarAsync<string>("SELECT current_database()::text");
        for (var i = 0; i < 20; i++)
            await SetAsync(host, Guid.CreateVersion7(), $"{i}", due);
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT count(*) = 20 FROM timer"), "all set");
        due = new DateTimeOffset(await place.ScalarAsync<DateTime>("UPDATE timer SET due_at = database_now() + interval '1 second' RETURNING due_at"));

        await hosts.Postgres.ExecuteAsync($"ALTER DATABASE {database} ALLOW_CONNECTIONS false");
        await hosts.Postgres.ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'");
        await UntilAsync(due + Quiet);
        Assert.Empty(host.Rings.All);
        await hosts.Postgres.ExecuteAsync($"ALTER DATABASE {database} ALLOW_CONNECTIONS true");

        await Wait.UntilAsync(() => Task.FromResult(host.Rings.All.Count == 20), "all rung");
        await Task.Delay(Quiet, TestContext.Current.CancellationToken);
        Assert.Equal(20, host.Rings.All.Count);
    }

    [Fact]
    public async Task Should_fire_after_all_processes_were_away_in_the_trace_that_set_it()
    {
        var trace = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded, isRemote: true);
        var token = Guid.CreateVersion7();
        await using var place = await hosts.CreatePlaceAsync();
        await using (var before = await AlarmHost.StartAsync(place))
        {
            await SetAsync(before, token, "traced", await NowAsync() + TimeSpan.FromHours(1), trace);
            await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM timer)"), "set");
        }

        await place.ExecuteAsync("INSERT INTO clock_skew VALUES (interval '2 hours')");

        await using var after = await AlarmHost.StartAsync(place);
        await Wait.UntilAsync(() => Task.FromResult(after.Rings.All.Count > 0), "rung");
        Assert.Equal(trace.TraceId.ToString(), Assert.Single(after.Rings.All).TraceParent?.Split('-')[1]);
    }

    protected IReadOnlyList<Ring> Rings(string name) => [.. hosts.Rings.Where(ring => ring.Name == name)];

    protected Task UntilRungAsync(string name) => Wait.UntilAsync(() => Task.FromResult(Rings(name).Count > 0), $"rung: {name}");

    protected Task<DateTimeOffset> NowAsync() => hosts.NowAsync();

    private async Task<string> SetAsync(DateTimeOffset dueAt, Guid? token = null)
    {
        var name = $"{Guid.CreateVersion7()}";
        await SetAsync(hosts.First, token ?? Guid.CreateVersion7(), name, dueAt);
        return name;
    }

    private IReadOnlyList<Ring> RingsFrom(string prefix) => [.. hosts.Rings.Where(ring => ring.Name.StartsWith(prefix, StringComparison.Ordinal))];

    private Task<long> PendingAsync() => Place.ScalarAsync<long>("SELECT count(*) FROM timer");

    private Task UntilSetAsync(Guid token) =>
        Wait.UntilAsync(() => Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM timer WHERE token = $1)", token), "set");

    private Task UntilUnsetAsync(Guid token) =>
        Wait.UntilAsync(() => Place.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM timer WHERE token = $1)", token), "taken back");

    private Task UntilAsync(DateTimeOffset time) => Wait.UntilAsync(async () => await NowAsync() >= time, $"{time}");
}
