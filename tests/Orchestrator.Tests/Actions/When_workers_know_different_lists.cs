using Npgsql;
using Orchestrator.Contracts.Actions;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Actions;

/// <summary>A rolling upgrade: two workers, and the jobs of one action are not the same in both.</summary>
public sealed class When_workers_know_different_lists(Servers servers)
{
    private static readonly (string, string) Bound = ("Actions:IncompatibleAfter", "00:00:02");

    [Fact]
    public async Task Should_have_each_deployment_run_by_a_worker_that_knows_its_list_and_give_up_the_others_until_redriven()
    {
        await using var place = await servers.CreatePlaceAsync();
        var (oldJournal, newJournal) = (new Journal(), new Journal());
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var before = new ActionDefinition(null, "rolling", oldJournal.Job("one", _ => hold.Task), oldJournal.Job("two"), oldJournal.Job("three"));
        var after = new ActionDefinition(null, "rolling", newJournal.Job("one"), newJournal.Job("two"), newJournal.Job("added"), newJournal.Job("three"));
        await using var newer = await ActionsHost.StartAsync(place, Bound);
        Guid held, stranded;
        await using (var older = await ActionsHost.StartAsync(place, Bound))
        {
            older.Registry.Register(before);
            held = await StartAsync(older, before);
            newer.Registry.Register(after);
            await oldJournal.UntilAsync("run one");

            // Both are there: what began with the old list goes on with it, whoever gets the messages.
            var begun = new List<Guid>();
            for (var i = 0; i < 10; i++)
                begun.Add(await newer.BeginAsync(after));
            hold.SetResult();
            Assert.Equal(DeploymentOutcome.Succeeded, (await newer.FinishedAsync(held)).Outcome);
            foreach (var id in begun)
                Assert.Equal(DeploymentOutcome.Succeeded, (await newer.FinishedAsync(id)).Outcome);
            Assert.Equal("three", oldJournal.Lines[^1]["run ".Length..]);
            Assert.DoesNotContain("run added", oldJournal.Lines);

            hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var runs = oldJournal.Lines.Count(line => line == "run one");
            stranded = await StartAsync(older, before);
            await Wait.UntilAsync(() => Task.FromResult(oldJournal.Lines.Count(line => line == "run one") > runs), "held again");
        }

        var incompatible = await newer.FinishedAsync(stranded);

        Assert.Equal(DeploymentOutcome.Incompatible, incompatible.Outcome);
        Assert.Contains(before.Hash, incompatible.Incident, StringComparison.Ordinal);
        Assert.Equal("one", incompatible.CurrentJob);
        await newer.SendAsync(new RedriveDeployment { DeploymentId = stranded });
        var redriven = await newer.ReachedAsync(stranded, deployment => deployment.Outcome is DeploymentOutcome.Succeeded, "redriven");
        Assert.Equal((after.Hash, null), (redriven.Hash, redriven.Incident));
    }

    private static async Task<Guid> StartAsync(ActionsHost host, ActionDefinition action)
    {
        var id = Guid.CreateVersion7();
        var transactions = host.Services.GetRequiredService<DurableTransactions>();
        await using var transaction = await transactions.BeginAsync(TestContext.Current.CancellationToken);
        var command = new ExecuteAction { DeploymentId = id, Action = action.Key.Name, GroupId = "g" };
        await JobLists.StoreAsync(host.Services.GetRequiredService<NpgsqlDataSource>(), [JobList.Of(action)], isStart: false, TestContext.Current.CancellationToken);
        await host.Services.GetRequiredService<DeploymentEngine>().ApplyAsync(
            transaction, [new DeploymentEvent(id, command) { Jobs = JobList.Of(action) }], TestContext.Current.CancellationToken);
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
        return id;
    }
}
