using Orchestrator.Sagas.Persistence.Timers;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Timers;

public sealed class When_messages_are_sent_by_cron(TwoHosts hosts) : IClassFixture<TwoHosts>
{
    [Theory]
    [InlineData("30 3 * * *", "Europe/Berlin", "2026-01-15T12:00:00Z", "2026-01-16T02:30:00Z")]
    [InlineData("30 3 * * *", "Europe/Berlin", "2026-07-15T12:00:00Z", "2026-07-16T01:30:00Z")]
    [InlineData("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z")]
    [InlineData("0 9 * * 1", null, "2026-11-29T10:00:00Z", "2026-11-30T09:00:00Z")]
    [InlineData("0 9 * * 0", null, "2026-11-30T10:00:00Z", "2026-12-06T09:00:00Z")]
    [InlineData("*/15 * * * * ?", null, "2026-11-30T10:00:01Z", "2026-11-30T10:00:15Z")]
    [InlineData("@daily", null, "2026-11-30T10:00:01Z", "2026-12-01T00:00:00Z")]
    public void Should_know_the_next_time(string expression, string? zone, string after, string next) =>
        Assert.Equal(DateTimeOffset.Parse(next, null), CronTimetable.Parse(expression, zone).Next(DateTimeOffset.Parse(after, null)));

    [Theory]
    [InlineData("", null)]
    [InlineData("61 * * * *", null)]
    [InlineData("* * *", null)]
    [InlineData("every day", null)]
    [InlineData("0 9 * * *", "Europe/Nowhere")]
    public void Should_say_what_is_wrong_with_an_expression(string expression, string? zone)
    {
        Assert.False(CronTimetable.TryParse(expression, zone, out _, out var error));
        Assert.NotEmpty(error);
    }

    [Fact]
    public async Task Should_send_each_time_once_whatever_the_number_of_processes_until_it_is_removed()
    {
        var name = await SetAsync("* * * * * ?");
        await Wait.UntilAsync(() => Task.FromResult(Rings(name).Count >= 3), "three times");

        await RemoveAsync(name);

        await Task.Delay(TimeSpan.FromSeconds(1.5), TestContext.Current.CancellationToken);
        var rings = Rings(name);
        await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        Assert.Equal(rings.Count, Rings(name).Count);
        Assert.Equal(rings.Count, rings.Select(ring => ring.MessageId).Distinct().Count());
        Assert.Empty(await Schedules().ListAsync(name, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Should_make_up_for_missed_times_with_one_message()
    {
        var name = await SetAsync("0 0 * * * ?");
        await hosts.Place.ExecuteAsync("INSERT INTO clock_skew VALUES (interval '36 hours')");

        await Wait.UntilAsync(() => Task.FromResult(Rings(name).Count > 0), "sent");
        await Wait.UntilAsync(() => hosts.Place.ScalarAsync<bool>("SELECT next_at > database_now() FROM cron_schedule WHERE group_name = $1", name), "set again");
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);

        Assert.Single(Rings(name));
        await RemoveAsync(name);
        await hosts.Place.ExecuteAsync("DELETE FROM clock_skew");
    }

    [Fact]
    public async Task Should_list_and_replace_a_schedule()
    {
        var name = await SetAsync("0 9 * * 1", "Europe/Berlin");
        await SetAsync("0 10 * * 1", "Europe/Paris", name);

        var schedule = Assert.Single(await Schedules().ListAsync(name, TestContext.Current.CancellationToken));

        Assert.Equal(("0 10 * * 1", "Europe/Paris"), (schedule.Expression, schedule.TimeZone));
        Assert.True(schedule.NextAt > await hosts.NowAsync());
        Assert.Equal(1L, await hosts.Place.ScalarAsync<long>("SELECT count(*) FROM timer JOIN cron_schedule USING (token) WHERE group_name = $1", name));
        await RemoveAsync(name);
    }

    [Fact]
    public async Task Should_restore_a_timer_that_was_lost()
    {
        var name = await SetAsync("0 0 * * * ?");
        await hosts.Place.ExecuteAsync("DELETE FROM timer WHERE token IN (SELECT token FROM cron_schedule WHERE group_name = $1)", name);
        await hosts.Place.ExecuteAsync("UPDATE cron_schedule SET next_at = database_now() - interval '2 minutes' WHERE group_name = $1", name);

        await hosts.First.Services.GetRequiredService<RestoreCronTimers>().RunAsync(TestContext.Current.CancellationToken);

        await Wait.UntilAsync(() => Task.FromResult(Rings(name).Count == 1), "sent");
        await RemoveAsync(name);
    }

    private CronSchedules Schedules() => hosts.First.Services.GetRequiredService<CronSchedules>();

    private IReadOnlyList<Ring> Rings(string name) => [.. hosts.Rings.Where(ring => ring.Name == name)];

    private async Task<string> SetAsync(string expression, string? zone = null, string? name = null)
    {
        name ??= $"{Guid.CreateVersion7()}";
        await using var transaction = await hosts.First.Transactions.BeginAsync(TestContext.Current.CancellationToken);
        await Schedules().SetAsync(
            transaction, name, "only", CronTimetable.Parse(expression, zone), new Alarm { Name = name }, TestContext.Current.CancellationToken);
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
        return name;
    }

    private async Task RemoveAsync(string name)
    {
        await using var transaction = await hosts.First.Transactions.BeginAsync(TestContext.Current.CancellationToken);
        Assert.True(await Schedules().RemoveAsync(transaction, name, "only", TestContext.Current.CancellationToken));
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
    }
}
