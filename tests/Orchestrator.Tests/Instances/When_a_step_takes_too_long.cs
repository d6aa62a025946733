using Orchestrator.Contracts.Instances;
using Orchestrator.Sagas.Instances;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Instances;

/// <summary>Each step has a deadline on the database's clock, which the test puts forward; it says what the nodes would.</summary>
public sealed class When_a_step_takes_too_long(Servers servers) : IAsyncLifetime
{
    private Place _place = null!;
    private InstanceServices _services = null!;

    public async ValueTask InitializeAsync()
    {
        _place = await servers.CreatePlaceAsync();
        _services = new InstanceServices(
            _place, ("Instances:PlacementDeadline", "00:01:00"), ("Instances:StartDeadline", "00:02:00"), ("Instances:HealthDeadline", "00:03:00"),
            ("Instances:StopDeadline", "00:04:00"), ("Instances:Grace", "00:00:30"));
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await _place.DisposeAsync();
    }

    [Fact]
    public async Task Should_end_each_step_at_its_own_deadline()
    {
        // Placing: there is no node yet.
        var waiting = await ProvisionAsync();
        await ShouldFailAfterAsync(waiting, TimeSpan.FromMinutes(1), Reasons.NoRoom);

        await _services.AddNodeAsync();
        // Starting: the node has its order and says nothing.
        var starting = await ProvisionAsync();
        await ShouldFailAfterAsync(starting, TimeSpan.FromMinutes(2), Reasons.StartDeadline);
        await ShouldBeGivenBackByItsNodeOnlyAsync(starting);

        // Becoming healthy.
        var ill = await ProvisionAsync();
        await _services.RaiseAsync(ill, machine => machine.Started, new ProgramStarted(1, "1:1"));
        await ShouldFailAfterAsync(ill, TimeSpan.FromMinutes(3), Reasons.HealthDeadline);
        await ShouldBeGivenBackByItsNodeOnlyAsync(ill);

        // Stopping: its grace, and then its deadline.
        var stopping = (await _services.InAsync(Statuses.Running, await _services.AddAppAsync())).CorrelationId;
        await _services.RaiseAsync(stopping, machine => machine.Terminate, new TerminateInstance { InstanceId = stopping });
        Assert.Equal(Statuses.Stopping, (await ReadAsync(stopping)).Status);
        await ShouldFailAfterAsync(stopping, TimeSpan.FromSeconds(30 + 240), Reasons.StopDeadline);
        await ShouldBeGivenBackByItsNodeOnlyAsync(stopping, Statuses.Terminated);
    }

    [Fact]
    public async Task Should_restart_only_when_nothing_runs_of_the_attempt_before()
    {
        await _services.AddNodeAsync();
        var guid = (await _services.ProvisionAsync(await _services.AddAppAsync("""{"mode":"on-failure","delaySeconds":1}"""))).Instance!.CorrelationId;
        await PassAsync(TimeSpan.FromMinutes(2));
        Assert.Equal((Statuses.Failed, Intents.Running, true), await StateAsync(guid));
        // The restart is due, and its node has not given the claim back.
        await PassAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((Statuses.Failed, Intents.Running, true), await StateAsync(guid));
        await _services.EndAsync(guid);
        await PassAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((Statuses.Provisioning, Intents.Running, true), await StateAsync(guid));
        Assert.Equal(2, (await ReadAsync(guid)).Attempt);
    }

    private async Task<Guid> ProvisionAsync() => (await _services.ProvisionAsync(await _services.AddAppAsync())).Instance!.CorrelationId;

    private async Task ShouldFailAfterAsync(Guid guid, TimeSpan deadline, string reason)
    {
        var before = await ReadAsync(guid);
        Assert.True(await _place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM timer WHERE token = $1)", guid), "There is no timer.");
        await PassAsync(deadline - TimeSpan.FromSeconds(45));
        Assert.Equal(before.Status, (await ReadAsync(guid)).Status);
        await PassAsync(TimeSpan.FromSeconds(45));
        var after = await ReadAsync(guid);
        Assert.Equal((Statuses.Failed, reason), (after.Status, after.ReasonCode));
    }

    // Until then its node may still run it.
    private async Task ShouldBeGivenBackByItsNodeOnlyAsync(Guid guid, string then = Statuses.Failed)
    {
        Assert.Equal("end", await _place.ScalarAsync<string>("SELECT goal FROM placement WHERE instance = $1", guid));
        Assert.True((await ReadAsync(guid)).IsPlaced);
        await _services.EndAsync(guid);
        var after = await ReadAsync(guid);
        Assert.Equal((then, false), (after.Status, after.IsPlaced));
    }

    private async Task PassAsync(TimeSpan time)
    {
        await _place.ExecuteAsync("INSERT INTO clock_skew (skew) VALUES ($1) ON CONFLICT (is_only) DO UPDATE SET skew = clock_skew.skew + excluded.skew", time);
        await _services.Upkeep.EndOverdueAsync(InstanceServices.Stop);
    }

    private async Task<InstanceState> ReadAsync(Guid guid) => (await _services.Reader.ReadAsync(guid, InstanceServices.Stop))!;

    private async Task<(string, string, bool)> StateAsync(Guid guid)
    {
        var instance = await ReadAsync(guid);
        return (instance.Status, instance.InstanceStatus, instance.IsPlaced);
    }
}
