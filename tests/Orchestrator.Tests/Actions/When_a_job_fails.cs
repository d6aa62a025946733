using Orchestrator.Sagas.Actions;

namespace Orchestrator.Tests.Actions;

[Collection(nameof(SharedActions))]
public sealed class When_a_job_fails(SharedActions shared)
{
    private static Task Throw(string text) => throw new InvalidOperationException(text);

    [Fact]
    public async Task Should_run_every_job_to_the_end_while_none_fails()
    {
        var journal = new Journal();
        var action = shared.Host.Register(a => a.Then(journal.Job("one")).Then(journal.Job("two")).Then(journal.Job("three")));

        var deployment = await shared.Host.RunAsync(action);

        Assert.Equal(DeploymentOutcome.Succeeded, deployment.Outcome);
        Assert.Equal(["run one", "run two", "run three"], journal.Lines);
        Assert.Equal("three", deployment.CurrentJob);
        Assert.Empty(await shared.Host.ErrorsAsync(deployment.CorrelationId));
        Assert.Equal(
            ["started one", "job-succeeded one", "job-succeeded two", "job-succeeded three", "finished Succeeded"],
            await shared.Host.TimelineAsync(deployment.CorrelationId));
    }

    [Fact]
    public async Task Should_roll_back_from_the_failed_job_inclusive_in_reverse_and_skip_jobs_without_a_handler()
    {
        var journal = new Journal();
        var action = shared.Host.Register(a => a
            .Then(journal.Job("one"))
            .Then(journal.Job("two") with { Rollback = null })
            .Then(journal.Job("three", _ => Throw("no machine is free")))
            .Then(journal.Job("four")));

        var deployment = await shared.Host.RunAsync(action);

        Assert.Equal(DeploymentOutcome.RolledBack, deployment.Outcome);
        Assert.Equal("no machine is free", deployment.RollbackError);
        Assert.Equal(["run one", "run two", "run three", "undo three", "undo one"], journal.Lines);
        Assert.Equal([("three", "no machine is free")], await shared.Host.ErrorsAsync(deployment.CorrelationId));
        Assert.Equal(
            [
                "started one", "job-succeeded one", "job-succeeded two", "job-failed three: no machine is free",
                "job-rolled-back three", "job-rolled-back one", "finished RolledBack",
            ],
            await shared.Host.TimelineAsync(deployment.CorrelationId));
    }
}
