using System.Collections.Concurrent;
using Orchestrator.Contracts.Actions;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Persistence.Outbox;
using Orchestrator.Tests.Infrastructure;
using Orchestrator.Workers.Actions;

namespace Orchestrator.Tests.Actions;

public sealed class When_two_workers_race_for_a_step(Servers servers)
{
    [Fact]
    public async Task Should_run_every_attempt_once()
    {
        await using var place = await servers.CreatePlaceAsync();
        var runs = new ConcurrentQueue<(Guid, int)>();
        JobDefinition Job(string name) => JobDefinition.Of<Nil, Nil>(name, (context, nil) =>
        {
            runs.Enqueue((context.DeploymentId, context.Attempt));
            return Task.FromResult(nil);
        });
        var action = new ActionDefinition(null, "race", Job("one"), Job("two"), Job("three"));
        await using var first = await ActionsHost.StartAsync(place);
        await using var second = await ActionsHost.StartAsync(place);
        first.Registry.Register(action);
        second.Registry.Register(action);
        var ids = new List<Guid>();
        for (var i = 0; i < 40; i++)
            ids.Add(await first.BeginAsync(action));

        // Both claim by hand as well, again and again, what the messages bring to one of them.
        var racing = ids.SelectMany(id => Enumerable.Range(1, 3).Select(attempt => new RunJob { DeploymentId = id, Attempt = attempt, Job = "", Hash = action.Hash })).ToList();
        await Task.WhenAll(new[] { first, second }.Select(async host =>
        {
            var claims = host.Services.GetRequiredService<AttemptClaims>();
            for (var round = 0; round < 10; round++)
                host.Services.GetRequiredService<JobExecutor>().Start(await claims.ClaimAsync(racing, [action.Hash], TestContext.Current.CancellationToken));
        }));

        foreach (var id in ids)
            Assert.Equal(DeploymentOutcome.Succeeded, (await first.FinishedAsync(id)).Outcome);
        Assert.Equal(120, runs.Count);
        Assert.Equal(120, runs.Distinct().Count());
    }

    [Fact]
    public async Task Should_refuse_what_a_worker_reports_whose_step_another_one_has()
    {
        await using var place = await servers.CreatePlaceAsync();
        var journal = new Journal();
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Exception? refused = null;
        await using var host = await ActionsHost.StartAsync(place);
        var action = host.Register(a => a.Then(journal.Job("one", async context =>
        {
            if (context.Attempt > 1)
                return;
            await hold.Task;
            try
            {
                await context.SetAsync("late");
            }
            catch (Exception exception)
            {
                refused = exception;
                throw;
            }
        })));
        var id = await host.BeginAsync(action);
        await journal.UntilAsync("run one");

        // As if the database had dropped the worker's lock: somebody else is told to run the step.
        await using (var transaction = await host.Services.GetRequiredService<DurableTransactions>().BeginAsync(TestContext.Current.CancellationToken))
        {
            await host.Services.GetRequiredService<DeploymentEngine>().ApplyAsync(
                transaction, [new DeploymentEvent(id, new AttemptLost(1, IsHandedBack: false, Limit: 20))], TestContext.Current.CancellationToken);
            await transaction.CommitAsync(TestContext.Current.CancellationToken);
        }

        Assert.Equal(DeploymentOutcome.Succeeded, (await host.FinishedAsync(id)).Outcome);
        hold.SetResult();
        await Wait.UntilAsync(() => Task.FromResult(refused is not null), "refused");

        // The worker may have found out first, and have cancelled the run.
        Assert.True(refused is AttemptFencedException or OperationCanceledException, $"{refused}");
        Assert.Equal(0L, await place.ScalarAsync<long>("SELECT count(*) FROM action_deployments_data WHERE data::text LIKE '%late%'"));
        Assert.Empty(await host.ErrorsAsync(id));
        Assert.Equal(["run one", "run one"], journal.Lines);
    }

    [Fact]
    public async Task Should_run_again_what_a_worker_claimed_and_never_heard_of()
    {
        await using var place = await servers.CreatePlaceAsync();
        var journal = new Journal();
        await using var host = await ActionsHost.StartAsync(place);
        var action = host.Register(a => a.Then(journal.Job("one")));
        var id = await host.BeginAsync(action);
        Assert.Equal(DeploymentOutcome.Succeeded, (await host.FinishedAsync(id)).Outcome);

        // As the claim leaves it whose answer is lost with its connection.
        var owner = host.Services.GetRequiredService<OutboxOwner>().Id;
        await place.ExecuteAsync(
            """
            UPDATE action_deployments SET state = 'Running', status = 'Running', outcome = NULL, is_attempt_open = true, finished_at = NULL WHERE correlation_id = $1
            """, id);
        await place.ExecuteAsync(
            "UPDATE action_deployments_attempts SET state = 'Running', worker = $2, started_at = now() - interval '1 minute' WHERE deployment_id = $1", id, owner);

        Assert.Equal(DeploymentOutcome.Succeeded, (await host.FinishedAsync(id)).Outcome);
        Assert.Equal(["run one", "run one"], journal.Lines);
    }
}
