using Orchestrator.Tests.Infrastructure;
using Orchestrator.Workers.Clones;

namespace Orchestrator.Tests.Clones;

/// <summary>Leases, times to be deleted, idle clones and surplus snapshots, on a clock that the test moves.</summary>
public sealed class When_time_passes_for_clones(Servers servers)
{
    [Fact]
    public async Task Should_end_leases_delete_what_is_due_and_idle_and_keep_n_snapshots()
    {
        await using var control = await CloneControl.StartAsync(
            servers, ("Clones:MaxIdleMinutes", "120"), ("Clones:Sources:shop:Keep", "2"), ("Clones:Sources:shop:Schedule", "0 3 * * *"));
        await control.TakeSnapshotAsync();
        // On this clock, not on the one that is moved.
        await UntilAsync(control, "SELECT EXISTS (SELECT FROM cron_schedule WHERE group_name = 'clones' AND key = 'shop' AND next_at IS NOT NULL)", "scheduled");
        var now = new DateTimeOffset(await control.Place.ScalarAsync<DateTime>("SELECT now()"));

        await control.CreateAsync("leased", more: ",\"protected\":true");
        var leased = (await control.AskAsync("GET", "/clone/leased")).Body;
        Assert.InRange((leased.GetProperty("protectedTill").GetDateTimeOffset() - now).TotalMinutes, 1439, 1442);
        var (_, capped) = await control.AskAsync("PATCH", "/clone/leased", """{"protected":true,"protectionDurationMinutes":0}""");
        Assert.InRange((capped.GetProperty("protectedTill").GetDateTimeOffset() - now).TotalMinutes, 10079, 10083);
        await control.AskAsync("PATCH", "/clone/leased", """{"protectionDurationMinutes":30}""");
        await control.CreateAsync("due", more: $",\"deleteAt\":\"{now.AddMinutes(20):O}\"");
        await control.CreateAsync("both", more: $",\"protected\":true,\"protectionDurationMinutes\":45,\"deleteAt\":\"{now.AddMinutes(20):O}\"");
        await control.CreateAsync("used");

        await control.MoveClockAsync(TimeSpan.FromMinutes(25));
        await control.UntilGoneAsync("due");
        // Protected longer than it is to live: it waits for the end of its lease.
        Assert.Equal("OK", (await control.AskAsync("GET", "/clone/both")).Body.GetProperty("status").GetProperty("code").GetString());
        await control.MoveClockAsync(TimeSpan.FromMinutes(35));
        await Wait.UntilAsync(async () => !(await control.AskAsync("GET", "/clone/leased")).Body.GetProperty("protected").GetBoolean(), "no longer protected");
        await control.MoveClockAsync(TimeSpan.FromMinutes(50));
        await control.UntilGoneAsync("both");

        // Two hours without use. What is in use is left alone.
        control.Storage.Activity = new CloneActivity(null, 1, 10);
        var used = await control.KeyOfAsync("used");
        await UntilUsedAsync(control, used, 50);
        await control.MoveClockAsync(TimeSpan.FromMinutes(150));
        await UntilUsedAsync(control, used, 150);
        Assert.Equal("OK", (await control.AskAsync("GET", "/clone/used")).Body.GetProperty("status").GetProperty("code").GetString());
        control.Storage.Activity = new CloneActivity(null, 0, 10);
        await control.MoveClockAsync(TimeSpan.FromMinutes(275));
        await control.UntilGoneAsync("used");
        Assert.Equal("idle for 120 minutes", await control.Place.ScalarAsync<string>("SELECT reason FROM resource_event WHERE key = 'used' AND what = 'deleted'"));

        // A day later the source has been refreshed by its schedule, once; of three snapshots two are kept.
        await control.TakeSnapshotAsync();
        await control.MoveClockAsync(TimeSpan.FromHours(30));
        await UntilAsync(control, "SELECT count(*) = 3 FROM resource_event WHERE kind = 'snapshot' AND what = 'created'", "refreshed");
        await UntilAsync(control, "SELECT EXISTS (SELECT FROM resource_event WHERE kind = 'snapshot' AND what = 'deleted' AND reason = 'there are newer ones')", "pruned");
        Assert.Equal(2, (await control.AskAsync("GET", "/snapshots")).Body.GetArrayLength());
    }

    private static async Task UntilAsync(CloneControl control, string condition, string what)
    {
        try
        {
            await Wait.UntilAsync(() => control.Place.ScalarAsync<bool>(condition), what, TimeSpan.FromMinutes(1));
        }
        catch (TimeoutException exception)
        {
            // What there is instead tells why.
            var found = await control.Place.ScalarAsync<string>("""
                SELECT concat_ws(E'\n', database_now(), (SELECT string_agg(t::text, E'\n') FROM (SELECT key, expression, next_at FROM cron_schedule) t),
                    (SELECT string_agg(t::text, E'\n') FROM (SELECT due_at, exchange FROM timer) t),
                    (SELECT string_agg(t::text, E'\n') FROM (SELECT id, state, source_name, data_state_at FROM clone_snapshot) t),
                    (SELECT string_agg(t::text, E'\n') FROM (SELECT key, what, reason, at FROM resource_event WHERE kind = 'snapshot' ORDER BY id) t),
                    (SELECT string_agg(t::text, E'\n') FROM (SELECT * FROM dead_letter) t))
                """);
            throw new TimeoutException(found, exception);
        }
    }

    private static Task UntilUsedAsync(CloneControl control, Guid key, int minutes) => Wait.UntilAsync(
        () => control.Place.ScalarAsync<bool>("SELECT last_active_at > now() + make_interval(mins => $2) FROM clone_measure WHERE clone_id = $1", key, minutes - 1),
        $"in use at {minutes} minutes");
}
