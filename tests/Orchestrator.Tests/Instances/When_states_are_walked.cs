using Orchestrator.Contracts.Instances;
using Orchestrator.Sagas.Instances;

namespace Orchestrator.Tests.Instances;

[Collection(nameof(SharedInstances))]
public sealed class When_states_are_walked(SharedInstances shared)
{
    private readonly InstanceServices _services = shared.Services;

    public static TheoryData<string, string> Pairs()
    {
        var pairs = new TheoryData<string, string>();
        foreach (var from in Statuses.All)
        {
            foreach (var to in Statuses.All)
                pairs.Add(from, to);
        }

        return pairs;
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Should_go_where_the_matrix_has_an_arrow_and_nowhere_else(string from, string to)
    {
        await _services.AddNodeAsync();
        var app = await _services.AddAppAsync();
        var before = await _services.InAsync(from, app);
        var outcome = await _services.RaiseAsync(
            before.CorrelationId, machine => machine.Update, new UpdateInstance { InstanceId = before.CorrelationId, Status = to, Version = before.Version });
        var after = (await _services.Reader.ReadAsync(before.CorrelationId, InstanceServices.Stop))!;
        if (from == to)
        {
            Assert.Null(outcome.Refusal);
            Assert.Equal(before.Version, after.Version);
            return;
        }

        if (!Statuses.After(from).Contains(to))
        {
            Assert.Equal(InstanceRefusal.IllegalTransition, outcome.Refusal?.Code);
            Assert.Contains(from, outcome.Refusal!.Detail, StringComparison.Ordinal);
            Assert.Equal((before.Status, before.InstanceStatus, before.Version), (after.Status, after.InstanceStatus, after.Version));
            return;
        }

        Assert.Null(outcome.Refusal);
        // What runs is ended by its node first.
        if (await _services.Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM placement WHERE instance = $1 AND goal = 'end')", before.CorrelationId))
            await _services.EndAsync(before.CorrelationId);
        after = (await _services.Reader.ReadAsync(before.CorrelationId, InstanceServices.Stop))!;
        Assert.Equal(to is Statuses.Stopping ? Statuses.Stopped : to, after.Status);
        Assert.Equal(after.Status is Statuses.Terminated, after.InstanceStatus is Intents.Terminated);
        Assert.False(after.Status is not (Statuses.Running or Statuses.Provisioning) && after.IsPlaced, "It still holds a claim.");
    }

    [Fact]
    public async Task Should_take_every_event_in_every_state()
    {
        await _services.AddNodeAsync();
        var app = await _services.AddAppAsync();
        var machine = _services.Sagas.Machine;
        foreach (var status in Statuses.All)
        {
            foreach (var raise in Everything())
            {
                var instance = await _services.InAsync(status, app);
                // Not decided means an exception.
                await raise(instance.CorrelationId);
                var after = (await _services.Reader.ReadAsync(instance.CorrelationId, InstanceServices.Stop))!;
                Assert.True(
                    after.Status == status || Reaches(status, after.Status), $"{status} came to {after.Status}.");
                Assert.True(status is not Statuses.Terminated || after.Version == instance.Version, "A terminated instance changed.");
            }
        }

        Assert.Equal(Everything().Count, machine.Events.Count() - 1);
    }

    private List<Func<Guid, Task>> Everything() =>
    [
        guid => _services.RaiseAsync(guid, m => m.Update, new UpdateInstance { InstanceId = guid, NodeName = "elsewhere" }),
        guid => _services.RaiseAsync(guid, m => m.Terminate, new TerminateInstance { InstanceId = guid }),
        guid => _services.RaiseAsync(guid, m => m.Room, new RoomAppeared()),
        guid => _services.RaiseAsync(guid, m => m.Started, new ProgramStarted(1, "2:2")),
        guid => _services.RaiseAsync(guid, m => m.Healthy, new HealthPassed(1)),
        guid => _services.RaiseAsync(guid, m => m.Unhealthy, new HealthLost(1, "ill")),
        guid => _services.RaiseAsync(guid, m => m.Ended, new ProgramEnded(1, Reasons.Ended, "gone")),
        guid => _services.RaiseAsync(guid, m => m.Overdue, new StepOverdue()),
        guid => _services.RaiseAsync(guid, m => m.Asked, new EndAsked()),
        guid => _services.RaiseAsync(guid, m => m.Declined, new EndDeclined(1, CanAnswer: false)),
        guid => _services.RaiseAsync(guid, m => m.Taken, new JobTaken("p", "1")),
        guid => _services.RaiseAsync(guid, m => m.Left, new JobLeft("p", "1")),
        guid => _services.RaiseAsync(guid, m => m.Drains, new NodeDrains(IsOverdue: true)),
        guid => _services.RaiseAsync(guid, m => m.Replaced, new ReplacementRuns()),
    ];

    // By one event an instance may make two steps of the matrix at most: what ends without a node to wait for.
    private static bool Reaches(string from, string to) =>
        Statuses.After(from).Contains(to) || Statuses.After(from).Any(step => Statuses.After(step).Contains(to));

    [Fact]
    public async Task Should_let_exactly_one_of_many_writers_win()
    {
        await _services.AddNodeAsync();
        var before = await _services.InAsync(Statuses.Running, await _services.AddAppAsync());
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => _services.RaiseAsync(
            before.CorrelationId, machine => machine.Update,
            new UpdateInstance { InstanceId = before.CorrelationId, ContainerId = $"c{i}", Version = before.Version })));
        var winner = Assert.Single(outcomes, outcome => outcome.Refusal is null);
        Assert.All(outcomes.Where(outcome => outcome.Refusal is not null), outcome => Assert.Equal(InstanceRefusal.VersionConflict, outcome.Refusal!.Code));
        var after = (await _services.Reader.ReadAsync(before.CorrelationId, InstanceServices.Stop))!;
        Assert.Equal((winner.Instance!.ContainerId, before.Version + 1), (after.ContainerId, after.Version));
    }

    [Theory]
    [InlineData(Reasons.NodeLost)]
    [InlineData(Reasons.Exited)]
    public async Task Should_have_one_successor_whatever_happens_on_the_way(string end)
    {
        await _services.AddNodeAsync();
        var old = (await _services.InAsync(Statuses.Running, await _services.AddAppAsync("""{"mode":"always","delaySeconds":0}"""))).CorrelationId;
        await _services.RaiseAsync(old, m => m.Drains, new NodeDrains(IsOverdue: false));
        await _services.RaiseAsync(old, m => m.Drains, new NodeDrains(IsOverdue: false));
        // It ends by itself before its successor runs.
        await _services.EndAsync(old, end, 1);
        await _services.Upkeep.EndOverdueAsync(InstanceServices.Stop);
        var successor = await _services.Place.ScalarAsync<Guid>("SELECT correlation_id FROM instance WHERE replaces = $1", old);
        await _services.RaiseAsync(successor, m => m.Started, new ProgramStarted(1, "1:1"));
        await _services.RaiseAsync(successor, m => m.Healthy, new HealthPassed(1));
        Assert.Equal(1L, await _services.Place.ScalarAsync<long>("SELECT count(*) FROM instance WHERE instance_status = 'running' AND (replaces = $1 OR correlation_id = $1)", old));
        Assert.Equal((Statuses.Failed, Intents.Failed, successor), (await _services.Reader.ReadAsync(old, InstanceServices.Stop))! is var left ? (left.Status, left.InstanceStatus, left.ReplacedBy!.Value) : default);
        Assert.Equal(0, (await _services.Reader.ReadAsync(successor, InstanceServices.Stop))!.Restarts);
    }

    [Fact]
    public async Task Should_move_what_is_left_at_the_deadline_of_a_drain()
    {
        await _services.AddNodeAsync();
        var old = (await _services.InAsync(Statuses.Running, await _services.AddAppAsync())).CorrelationId;
        // No look came in between.
        await _services.RaiseAsync(old, m => m.Drains, new NodeDrains(IsOverdue: true));
        Assert.Equal(Statuses.Stopping, (await _services.Reader.ReadAsync(old, InstanceServices.Stop))!.Status);
        Assert.Equal(1L, await _services.Place.ScalarAsync<long>("SELECT count(*) FROM instance WHERE replaces = $1 AND status = 'provisioning'", old));
    }

    [Fact]
    public async Task Should_not_believe_what_is_said_of_an_earlier_attempt()
    {
        await _services.AddNodeAsync();
        var instance = await _services.InAsync(Statuses.Failed, await _services.AddAppAsync());
        await _services.RaiseAsync(instance.CorrelationId, m => m.Update, new UpdateInstance { InstanceId = instance.CorrelationId, Status = Statuses.Provisioning });
        await _services.RaiseAsync(instance.CorrelationId, m => m.Healthy, new HealthPassed(1));
        await _services.RaiseAsync(instance.CorrelationId, m => m.Ended, new ProgramEnded(1, Reasons.Exited, "late"));
        var after = (await _services.Reader.ReadAsync(instance.CorrelationId, InstanceServices.Stop))!;
        Assert.Equal((Statuses.Provisioning, 2, true), (after.Status, after.Attempt, after.IsPlaced));
    }
}
