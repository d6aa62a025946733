using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Actions.Declarative;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Tests.Actions.Declarative;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Instances;

/// <summary>provision-instances after a crash: what an attempt made, the next one finds, and the rollback ends.</summary>
[Collection(nameof(SharedInstances))]
public sealed class When_a_job_that_makes_instances_is_repeated(SharedInstances shared, Servers servers)
{
    private readonly InstanceServices _services = shared.Services;
    private readonly Guid _deployment = Guid.CreateVersion7();

    private static bool IsLong => Environment.GetEnvironmentVariable("ORCHESTRATOR_LONG") == "1";

    private IBuiltInJob Job => _services.Get<IEnumerable<IBuiltInJob>>().Single(job => job.Name is "provision-instances");

    [Fact]
    public async Task Should_find_what_an_earlier_attempt_made()
    {
        await _services.AddNodeAsync();
        var app = await _services.AddAppAsync();
        // The first attempt did it all, and its worker died before it could say so.
        var first = await Job.ExecuteAsync(With(app), rollsBack: true, Context("make"));
        var second = await Job.ExecuteAsync(With(app), rollsBack: true, Context("make"));
        Assert.Equal(first.ToJsonString(), second.ToJsonString());
        Assert.Equal(3L, await CountAsync(app, "true"));
        var other = await Job.ExecuteAsync(With(app), rollsBack: true, Context("make-more"));
        Assert.NotEqual(first.ToJsonString(), other.ToJsonString());
        Assert.Equal(6L, await CountAsync(app, "true"));
    }

    [Fact]
    public async Task Should_make_nothing_when_the_step_is_another_workers_by_now()
    {
        var app = await _services.AddAppAsync();
        await Assert.ThrowsAsync<AttemptFencedException>(() => Job.ExecuteAsync(With(app), rollsBack: true, Context("make", isFenced: true)));
        Assert.Equal(0L, await CountAsync(app, "true"));
    }

    [Fact]
    public async Task Should_undo_whatever_there_is()
    {
        await _services.AddNodeAsync();
        var app = await _services.AddAppAsync();
        await Job.RollbackAsync(With(app), isComplete: true, new JobFailure("make", "", ""), Context("make"));
        Assert.Equal(0L, await CountAsync(app, "true"));

        await Job.ExecuteAsync(With(app), rollsBack: true, Context("make"));
        var undoing = Job.RollbackAsync(With(app), isComplete: true, new JobFailure("make", "", ""), Context("make"));
        await Wait.UntilAsync(() => _services.Place.ScalarAsync<bool>("SELECT count(*) = 3 FROM placement WHERE app_id = $1 AND goal = 'end'", app), "asked to end");
        Assert.False(undoing.IsCompleted);
        foreach (var guid in await _services.Place.ScalarAsync<Guid[]>("SELECT array_agg(correlation_id) FROM instance WHERE app_id = $1", app))
            await _services.EndAsync(guid);
        await undoing.WaitAsync(Wait.Patience, InstanceServices.Stop);
        Assert.Equal(3L, await CountAsync(app, "status = 'terminated'"));
    }

    [Fact]
    public async Task Should_make_them_once_when_its_worker_is_killed()
    {
        Assert.SkipUnless(IsLong, "The long dose: a worker is killed between the job and its report.");
        await using var place = await servers.CreatePlaceAsync();
        await using var host = await Host.StartAllAsync(place, Host.Only("actions, instances"), ("ORCHESTRATOR_FAIL_POINT", "job-done:1"));
        using var added = await SharedApi.SendAsync(host.Client, "POST", "/api/v1/apps", """{"name":"a","command":["/bin/sleep","300"],"restartPolicy":{"mode":"no"}}""");
        var app = (await SharedApi.BodyAsync(added)).GetProperty("id").GetInt64();
        var name = DeclaredHost.NewName();
        using var registered = await SharedApi.SendAsync(
            host.Client, "POST", "/api/v1/actions", $$$"""{"action":"{{{name}}}","jobs":[{"name":"make","uses":"provision-instances","with":{"app":{{{app}}},"count":2}}]}""");
        Assert.True(registered.IsSuccessStatusCode);
        using var begun = await SharedApi.SendAsync(host.Client, "POST", "/api/v1/deployments", $$"""{"action":"{{name}}","groupId":"g"}""");
        var id = (await SharedApi.BodyAsync(begun)).GetProperty("id").GetGuid();
        Assert.Equal(137, await host.Exit.WaitAsync(Wait.Patience, InstanceServices.Stop));
        Assert.Equal(2L, await place.ScalarAsync<long>("SELECT count(*) FROM instance"));
        await host.RestartAsync(("ORCHESTRATOR_FAIL_POINT", ""));
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT outcome = 'Succeeded' FROM action_deployments WHERE correlation_id = $1", id), "done", TimeSpan.FromSeconds(60));
        Assert.Equal(2L, await place.ScalarAsync<long>("SELECT count(*) FROM instance"));
    }

    private static JsonObject With(long app) => new() { ["app"] = app, ["count"] = 3 };

    private Task<long> CountAsync(long app, string where) => _services.Place.ScalarAsync<long>($"SELECT count(*) FROM instance WHERE app_id = $1 AND {where}", app);

    private JobContext Context(string job, bool isFenced = false) => new(
        new JobIdentity { DeploymentId = _deployment, GroupId = "g", Action = "a", Job = job }, new Attempt(isFenced), new StateStore(stored: null), _services.Get<IServiceProvider>(),
        NullLogger.Instance, InstanceServices.Stop);

    /// <summary>An attempt of nobody's: it stores nothing.</summary>
    private sealed class Attempt(bool isFenced) : IJobData
    {
        public Task SetAsync(string job, string kind, JobValue value, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<JobValue?> GetAsync(string job, string kind, CancellationToken cancellationToken) => Task.FromResult<JobValue?>(null);

        public Task FenceAsync(DurableTransaction transaction, CancellationToken cancellationToken) =>
            isFenced ? Task.FromException(new AttemptFencedException()) : Task.CompletedTask;
    }
}
