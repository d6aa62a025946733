using System.Diagnostics;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Timers;

public sealed class When_timers_are_set(Servers servers) : IAsyncLifetime
{
    private Place _place = null!;
    private TimerHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _place = await servers.CreatePlaceAsync();
        _host = await TimerHost.StartAsync(_place);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _place.DisposeAsync();
    }

    [Fact]
    public async Task Should_fire_once_and_never_early()
    {
        var token = Guid.CreateVersion7();
        var clock = Stopwatch.StartNew();
        await _host.CommitAsync(transaction => transaction.Schedule(new Alarm { Name = "one" }, token, TimeSpan.FromMilliseconds(700)));

        await UntilRungAsync("one");
        Assert.True(clock.ElapsedMilliseconds >= 700, $"early: {clock.Elapsed}");
        Assert.Equal(token, Assert.Single(_host.Rings.All).Token);
        Assert.Equal(0L, await _place.ScalarAsync<long>("SELECT count(*) FROM timer"));
    }

    [Fact]
    public async Task Should_forget_what_was_rolled_back_and_what_was_taken_back_and_keep_the_last_of_one_token()
    {
        var (replaced, cancelled) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await using (var transaction = await _host.Transactions.BeginAsync(TestContext.Current.CancellationToken))
        {
            transaction.Schedule(new Alarm { Name = "rolled back" }, Guid.CreateVersion7(), TimeSpan.Zero);
        }

        await _host.CommitAsync(transaction =>
        {
            transaction.Schedule(new Alarm { Name = "first" }, replaced, TimeSpan.FromMilliseconds(400));
            transaction.Schedule(new Alarm { Name = "cancelled" }, cancelled, TimeSpan.FromMilliseconds(400));
        });
        await _host.CommitAsync(transaction =>
        {
            transaction.Schedule(new Alarm { Name = "second" }, replaced, DateTimeOffset.UnixEpoch);
            transaction.Unschedule(cancelled);
        });

        await UntilRungAsync("second");
        await _host.CommitAsync(transaction => transaction.Schedule(new Alarm { Name = "last" }, replaced, TimeSpan.FromMilliseconds(500)));
        await UntilRungAsync("last");
        Assert.Equal(["second", "last"], _host.Rings.All.Select(ring => ring.Name));
    }

    private Task UntilRungAsync(string name) => Wait.UntilAsync(() => Task.FromResult(_host.Rings.Count(name) > 0), $"rung: {name}");
}
