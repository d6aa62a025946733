using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Persistence.Outbox;
using Orchestrator.Workers.Actions;

namespace Orchestrator.Tests.Actions;

/// <summary>Hooks, types, handlers of errors, data and the store, each as the seed has it.</summary>
[Collection(nameof(SharedActions))]
public sealed class When_a_job_runs(SharedActions shared)
{
    [Fact]
    public async Task Should_feed_each_hook_with_what_the_one_before_returned()
    {
        JobFunction Add(string text) => JobFunctions.Of<string, string>((_, value) => Task.FromResult(value + text));
        var job = JobDefinition.Of<string, string>("job", (_, value) => Task.FromResult(value + "E")) with
        {
            PreHooks = [Add("a"), Add("b")],
            PostHooks = [Add("c"), Add("d")],
        };

        var deployment = await shared.Host.RunAsync(shared.Host.Register(a => a.Then(job)), "-");

        Assert.Equal((DeploymentOutcome.Succeeded, "\"-abEcd\""), (deployment.Outcome, deployment.Output));
    }

    [Fact]
    public async Task Should_skip_what_follows_a_hook_that_fails_and_still_run_the_jobs_own_handler()
    {
        var journal = new Journal();
        var job = journal.Job("job") with { PreHooks = [(_, _) => throw new InvalidOperationException("not allowed")] };

        var deployment = await shared.Host.RunAsync(shared.Host.Register(a => a.Then(job)));

        Assert.Equal((DeploymentOutcome.RolledBack, "not allowed"), (deployment.Outcome, deployment.RollbackError));
        Assert.Equal(["undo job"], journal.Lines);
    }

    [Fact]
    public async Task Should_pass_the_value_through_jobs_without_data()
    {
        var seen = new List<object?>();
        var action = shared.Host.Register(a => a
            .Then<string, Sum>("s1", (_, text) => Task.FromResult(new Sum(text.Length)))
            .Then<Nil, Nil>("s2", (_, nil) => Task.FromResult(nil))
            .Then<Sum, Nil>("s3", (_, sum) =>
            {
                seen.Add(sum);
                return Task.FromResult(Nil.Value);
            })
            .Then<CountSum>("s4"));

        var deployment = await shared.Host.RunAsync(action, "four");

        Assert.Equal((DeploymentOutcome.Succeeded, "test.sum", """{"value":5}"""), (deployment.Outcome, deployment.OutputType, deployment.Output));
        Assert.Equal([new Sum(4)], seen);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Should_fail_a_job_that_returns_nothing(bool declaresNil)
    {
        var job = declaresNil
            ? JobDefinition.Of<Nil, Nil>("job", (_, _) => Task.FromResult<Nil>(null!))
            : JobDefinition.Of<Nil, string>("job", (_, _) => Task.FromResult<string>(null!));

        var deployment = await shared.Host.RunAsync(shared.Host.Register(a => a.Then(job)));

        Assert.Equal("job cannot return nil, pass through the input value instead", deployment.RollbackError);
    }

    [Fact]
    public async Task Should_fail_a_job_that_returns_another_type_than_it_declares()
    {
        var job = JobDefinition.Of<Nil, string>("job", (_, _) => Task.FromResult("text")) with { PostHooks = [(_, _) => Task.FromResult<object?>(7)] };

        var deployment = await shared.Host.RunAsync(shared.Host.Register(a => a.Then(job)));

        Assert.Equal("job job declares to return string, but returned int", deployment.RollbackError);
    }

    [Fact]
    public async Task Should_take_any_exception_for_an_error_and_text_of_any_length()
    {
        var text = new string('ü', 100_000);
        var crash = await shared.Host.RunAsync(shared.Host.Register(a => a.Then<Nil, Nil>("job", (_, _) => throw new InvalidOperationException("panic\0!"))));
        var large = await shared.Host.RunAsync(shared.Host.Register(a => a.Then<Nil, Nil>("job", (_, _) => throw new InvalidOperationException(text))));

        Assert.Equal("panic\uFFFD!", crash.RollbackError);
        Assert.Equal(text, large.RollbackError);
    }

    [Theory]
    [InlineData("well", DeploymentOutcome.Succeeded)]
    [InlineData("recovers", DeploymentOutcome.Succeeded, "broken")]
    [InlineData("ignores", DeploymentOutcome.Succeeded, "broken")]
    [InlineData("passes on", DeploymentOutcome.RolledBack, "broken")]
    [InlineData("throws another", DeploymentOutcome.RolledBack, "broken", "worse")]
    public async Task Should_write_as_many_error_rows_as_the_handler_makes(string handler, string outcome, params string[] errors)
    {
        JobFunction function = (_, value) => handler is "well" ? Task.FromResult(value) : throw new InvalidOperationException("broken");
        JobErrorHandler recover = handler switch
        {
            "ignores" => JobFunctions.IgnoreError,
            "passes on" => (_, _, error) => Task.FromException<object?>(error),
            "throws another" => (_, _, _) => throw new InvalidOperationException("worse"),
            _ => (_, value, _) => Task.FromResult(value),
        };
        var job = new JobDefinition { Name = "job", InputType = typeof(Nil), OutputType = typeof(Nil), Execute = function.WrapErrorHandler(recover) };

        var deployment = await shared.Host.RunAsync(shared.Host.Register(a => a.Then(job)));

        Assert.Equal(outcome, deployment.Outcome);
        Assert.Equal(errors, (await shared.Host.ErrorsAsync(deployment.CorrelationId)).Select(row => row.Error));
    }

    [Fact]
    public async Task Should_let_a_job_that_is_a_class_recover_and_roll_back_with_services()
    {
        var journal = new Journal();
        Recovering.Journal = journal;

        var deployment = await shared.Host.RunAsync(shared.Host.Register(a => a.Then<Recovering>("class").Then<Nil, Nil>("fail", (_, _) => throw new InvalidOperationException("no"))), new Sum(1));

        Assert.Equal(DeploymentOutcome.RolledBack, deployment.Outcome);
        Assert.Equal(["pre", "execute", "recover: odd", "post 2", "undo: fail failed with no, data 7"], journal.Lines);
        Assert.Equal([("class", "odd"), ("fail", "no")], await shared.Host.ErrorsAsync(deployment.CorrelationId));
    }

    [Fact]
    public async Task Should_keep_data_by_deployment_job_and_kind()
    {
        var seen = new List<object?>();
        var action = shared.Host.Register(a => a
            .Then<Nil, Nil>("one", async (context, nil) =>
            {
                await context.SetAsync(new Sum(1));
                await context.SetAsync(new Sum(2));
                await context.SetAsync("text", "note");
                return nil;
            })
            .Then<Nil, Nil>("two", async (context, nil) =>
            {
                seen.Add(await context.GetAsync<Sum>());
                seen.Add(await context.GetAsync<Sum>(job: "one"));
                seen.Add(await context.GetAsync("note", "one"));
                return nil;
            }));

        var deployment = await shared.Host.RunAsync(action);

        Assert.Equal([null, new Sum(2), "text"], seen);
        await shared.Place.ExecuteAsync("UPDATE action_deployments_data SET data = 'null' WHERE deployment_id = $1 AND type = 'note'", deployment.CorrelationId);
        await shared.Place.ExecuteAsync("UPDATE action_deployments_data SET data_type = 'gone' WHERE deployment_id = $1 AND type = 'job'", deployment.CorrelationId);
        var data = new AttemptData(shared.Place.Source, shared.Host.Services.GetRequiredService<OutboxOwner>(), deployment.CorrelationId, 1);
        var context = new JobContext(
            new JobIdentity { DeploymentId = deployment.CorrelationId, GroupId = "g", Action = "a", Job = "one" },
            data, new StateStore(null), shared.Host.Services, NullLogger.Instance, TestContext.Current.CancellationToken);
        var empty = await Assert.ThrowsAsync<EntryWithoutDataException>(() => context.GetAsync<string>("note"));
        Assert.Equal("an entry for the type and job was found, but there is no data", empty.Message);
        Assert.StartsWith("job data type not found", (await Assert.ThrowsAsync<DataTypeNotFoundException>(() => context.GetAsync())).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<AttemptFencedException>(() => context.SetAsync("late"));
    }

    [Fact]
    public async Task Should_share_a_state_that_rollback_handlers_see()
    {
        var seen = new List<string>();
        JobDefinition Job(string name, bool fails) => JobDefinition.Of<Nil, Nil>(
            name,
            (context, nil) =>
            {
                var state = context.Store.State<Shared>() ?? new Shared();
                state.Names.Add(name);
                context.Store.SetState(state);
                return fails ? throw new InvalidOperationException("no") : Task.FromResult(nil);
            },
            (context, _) =>
            {
                seen.Add($"{name}: {string.Join(' ', context.Store.State<Shared>()!.Names)}");
                return Task.CompletedTask;
            });

        var deployment = await shared.Host.RunAsync(shared.Host.Register(a => a.Then(Job("one", false)).Then(Job("two", true))));

        Assert.Equal(["two: one two", "one: one two"], seen);
        Assert.Equal(("test.shared", """{"names":["one","two"]}"""), (deployment.StoreType, deployment.Store));
    }

    [Fact]
    public async Task Should_try_again_with_growing_pauses_until_it_succeeds()
    {
        var tries = new List<int>();
        var policy = new JobPolicy { Attempts = 3, FirstPause = TimeSpan.FromMilliseconds(200), Jitter = 0 };
        var action = shared.Host.Register(a => a.Then<Nil, Nil>(
            "job",
            (context, nil) =>
            {
                tries.Add(context.Attempt);
                return tries.Count < 3 ? throw new TimeoutException("later") : Task.FromResult(nil);
            },
            policy: policy));

        var deployment = await shared.Host.RunAsync(action);

        Assert.Equal(DeploymentOutcome.Succeeded, deployment.Outcome);
        Assert.Equal([1, 2, 3], tries);
        Assert.Empty(await shared.Host.ErrorsAsync(deployment.CorrelationId));
        var attempts = await shared.Host.Deployments.AttemptsAsync(deployment.CorrelationId, TestContext.Current.CancellationToken);
        Assert.Equal(["Failed", "Failed", "Succeeded"], attempts.Select(attempt => attempt.Outcome));
        Assert.True(attempts[2].StartedAt - attempts[1].EndedAt >= TimeSpan.FromMilliseconds(390), "the second pause is twice the first");
    }

    [Fact]
    public async Task Should_not_try_again_after_an_exception_that_retrying_does_not_help()
    {
        var tries = 0;
        var action = shared.Host.Register(a => a.Then<Nil, Nil>(
            "job",
            (_, _) =>
            {
                tries++;
                throw new ArgumentNullException(null, "bad");
            },
            policy: new JobPolicy { Attempts = 5, NonRetryable = [typeof(ArgumentException)] }));

        var deployment = await shared.Host.RunAsync(action);

        Assert.Equal((DeploymentOutcome.RolledBack, 1), (deployment.Outcome, tries));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Should_end_an_attempt_that_takes_too_long_or_gives_no_sign_of_life(bool ignoresToken)
    {
        var slow = await shared.Host.RunAsync(shared.Host.Register(a => a.Then<Nil, Nil>(
            "job",
            async (context, nil) =>
            {
                await Task.Delay(TimeSpan.FromSeconds(ignoresToken ? 20 : 60), ignoresToken ? CancellationToken.None : context.CancellationToken);
                return nil;
            },
            policy: ignoresToken ? new JobPolicy { HeartbeatTimeout = TimeSpan.FromMilliseconds(200) } : new JobPolicy { Timeout = TimeSpan.FromMilliseconds(200) })));

        Assert.Equal(DeploymentOutcome.RolledBack, slow.Outcome);
        Assert.Contains(ignoresToken ? "no sign of life" : "took longer", slow.RollbackError, StringComparison.Ordinal);
    }

    [JobData("test.sum")]
    public sealed record Sum(int Value);

    [JobData("test.shared")]
    public sealed class Shared
    {
        public List<string> Names { get; set; } = [];
    }

    public sealed class CountSum : ActionJob<Sum, Sum>
    {
        public override Task<Sum?> ExecuteAsync(Sum input, JobContext context) => Task.FromResult<Sum?>(new Sum(input.Value + 1));
    }

    public sealed class Recovering(TimeProvider time) : ActionJob<Sum, Sum>, IRollsBack, IHandlesErrors<Sum, Sum>
    {
        public static Journal Journal { get; set; } = new();

        public override IReadOnlyList<JobFunction> PreHooks => [JobFunctions.Check<Sum>((_, _) => Note("pre"))];

        public override IReadOnlyList<JobFunction> PostHooks => [JobFunctions.Check<Sum>((_, sum) => Note($"post {sum.Value}"))];

        public override async Task<Sum?> ExecuteAsync(Sum input, JobContext context)
        {
            Assert.NotNull(time);
            await context.SetAsync(7);
            await Note("execute");
            throw new InvalidOperationException("odd");
        }

        public async Task<Sum?> HandleErrorAsync(Sum input, Exception error, JobContext context)
        {
            await Note($"recover: {error.Message}");
            return new Sum(input.Value + 1);
        }

        public async Task RollbackAsync(JobFailure failure, JobContext context) =>
            await Note($"undo: {failure.Job} failed with {failure.Message}, data {await context.GetAsync<int>()}");

        private static Task Note(string line)
        {
            Journal.Add(line);
            return Task.CompletedTask;
        }
    }
}
