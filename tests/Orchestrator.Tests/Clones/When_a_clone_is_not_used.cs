using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Clones;

/// <summary>Idle deletion by the real clock, of real clones: a minute is the shortest time that can be set.</summary>
public sealed class When_a_clone_is_not_used(Servers servers)
{
    [Fact]
    public async Task Should_be_deleted_after_a_minute_while_one_in_use_stays()
    {
        if (Environment.GetEnvironmentVariable("ORCHESTRATOR_LONG") is not "1")
            Assert.Skip("It takes minutes; set ORCHESTRATOR_LONG=1. When_time_passes_for_clones does it on a clock of its own.");
        await using var system = await CloneSystem.StartAsync(servers, ("Clones__MaxIdleMinutes", "1"));
        await system.TakeSnapshotAsync();
        await system.AskForCloneAsync("busy");
        await system.AskForCloneAsync("idle");
        var busy = await system.SettledAsync("/clone/busy");
        await system.SettledAsync("/clone/idle");
        using var use = new CancellationTokenSource();
        var usage = Task.Run(async () =>
        {
            while (!use.IsCancellationRequested)
                await CloneSystem.QueryAsync(busy, "SELECT count(*), pg_sleep(0.5) FROM thing");
        }, TestContext.Current.CancellationToken);
        await system.UntilGoneAsync("/clone/idle");
        await use.CancelAsync();
        await usage;
        Assert.Equal("OK", (await system.AskAsync("GET", "/clone/busy")).Body.GetProperty("status").GetProperty("code").GetString());
    }
}
