using System.Text;
using Orchestrator.Contracts.Actions;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Tests.Actions;

/// <summary>Every pair of state and event is decided: it leads somewhere, is ignored, or is refused with a reason.</summary>
public sealed class When_any_event_meets_any_state
{
    private const int Attempt = 7;

    private static readonly JobList Jobs = new()
    {
        Hash = "hash",
        Application = "",
        Action = "action",
        InputType = "nil",
        Jobs = [new("one", true, "nil", "nil"), new("two", true, "nil", "nil"), new("three", true, "nil", "nil")],
    };

    private static readonly (string Name, object Message)[] Events =
    [
        ("execute", new ExecuteAction { DeploymentId = Guid.Empty, Action = "action", GroupId = "group" }),
        ("stop", new StopDeployment { DeploymentId = Guid.Empty }),
        ("suspend", new SuspendDeployment { DeploymentId = Guid.Empty }),
        ("resume", new ResumeDeployment { DeploymentId = Guid.Empty }),
        ("redrive", new RedriveDeployment { DeploymentId = Guid.Empty }),
        ("retry rollback", new RetryRollback { DeploymentId = Guid.Empty }),
        ("skip rollback", new SkipRollback { DeploymentId = Guid.Empty }),
        ("succeeded", new JobSucceeded(Attempt, JobValue.Empty, null, [])),
        ("failed", new JobFailed(Attempt, "error", "Exception", null, [], null)),
        ("failed, to retry", new JobFailed(Attempt, "error", "Exception", null, [], TimeSpan.FromSeconds(1))),
        ("undone", new JobUndone(Attempt, null, [])),
        ("undo failed", new JobUndoFailed(Attempt, "error", null, [], null)),
        ("undo failed, to retry", new JobUndoFailed(Attempt, "error", null, [], TimeSpan.FromSeconds(1))),
        ("lost", new AttemptLost(Attempt, false, 20)),
        ("list unknown", new JobListUnknown(Attempt, TimeSpan.FromMinutes(10))),
        ("late success", new JobSucceeded(Attempt - 1, JobValue.Empty, null, [])),
        ("late failure", new JobFailed(Attempt - 1, "error", "Exception", null, [], null)),
        ("late undone", new JobUndone(Attempt - 1, null, [])),
        ("late loss", new AttemptLost(Attempt - 1, false, 20)),
    ];

    private static readonly (string Name, Func<Deployment> Make)[] States =
    [
        ("new", () => new Deployment()),
        ("running", () => Of("Running", "two", isOpen: true)),
        ("stopping", () => Of("Running", "two", isOpen: true, d => d.IsStopRequested = true)),
        ("last job", () => Of("Running", "three", isOpen: true)),
        ("suspended, job runs", () => Of("Suspended", "two", isOpen: true)),
        ("suspended", () => Of("Suspended", "two", isOpen: false)),
        ("rolling back", () => Of("Rollback", "two", isOpen: true, Failed)),
        ("last handler", () => Of("Rollback", "one", isOpen: true, d => (d.RollbackError, d.FailedJob, d.PendingRollbacks) = ("error", "two", ["one"]))),
        ("rollback suspended", () => Of("RollbackSuspended", "two", isOpen: false, Failed)),
        ("succeeded", () => Finished(DeploymentOutcome.Succeeded)),
        ("rolled back", () => Finished(DeploymentOutcome.RolledBack, Failed)),
        ("stopped", () => Finished(DeploymentOutcome.Stopped, Failed)),
        ("rollback failed", () => Finished(DeploymentOutcome.RollbackFailed, d => (d.RollbackError, d.FailedJob, d.FailedRollbacks, d.PendingRollbacks) = ("error", "two", ["two"], []))),
        ("incompatible", () => Finished(DeploymentOutcome.Incompatible)),
    ];

    [Fact]
    public async Task Should_decide_it()
    {
        var decided = new StringBuilder();
        foreach (var (state, make) in States)
        {
            decided.AppendLine($"## {state}");
            // Of one that does not exist every other event is answered so, before the machine is asked.
            foreach (var (name, message) in state is "new" ? Events.Take(1) : Events)
                decided.AppendLine($"{name}: {await DecideAsync(make(), message)}");
        }

        await DemandAsync("tests/Orchestrator.Tests/Actions/DeploymentMatrix.approved.txt", decided.ToString());
    }

    [Fact]
    public async Task Should_be_drawn_as_it_is()
    {
        var arrows = new Dictionary<(string From, string To), SortedSet<string>>();
        foreach (var (_, make) in States)
        {
            foreach (var (name, message) in Events)
            {
                var deployment = make();
                var from = NameOf(deployment);
                if (from is "Initial" && message is not ExecuteAction)
                    continue;
                await DecideAsync(deployment, message);
                var to = NameOf(deployment);
                if (!string.Equals(from, to, StringComparison.Ordinal))
                    (arrows.TryGetValue((from, to), out var verbs) ? verbs : arrows[(from, to)] = new SortedSet<string>(StringComparer.Ordinal)).Add(name);
            }
        }

        var page = new StringBuilder(
            """
            # States of a deployment

            Drawn from `DeploymentStateMachine` by a test. What does not move it is in
            `tests/Orchestrator.Tests/Actions/DeploymentMatrix.approved.txt`: every pair of state and event, with what becomes of it.
            Status is Running in `Running`, `Suspended` and `Stopping` (`Running`, and a user has stopped it), Rollback in `Rollback` and
            `RollbackSuspended`; Succeeded, RolledBack, RollbackFailed, Stopped and Incompatible are the outcomes of `Finished`.

            ```mermaid
            stateDiagram-v2

            """);
        foreach (var ((from, to), verbs) in arrows.OrderBy(arrow => arrow.Key.From, StringComparer.Ordinal).ThenBy(arrow => arrow.Key.To, StringComparer.Ordinal))
            page.Append($"    {(from is "Initial" ? "[*]" : from)} --> {to}: {string.Join(" / ", verbs)}\n");
        page.Append("    Succeeded --> [*]\n```\n");
        await DemandAsync("docs/state-machines/deployment.md", page.ToString());
    }

    private static string NameOf(Deployment deployment) =>
        deployment.Outcome ?? (deployment is { State: "Running", IsStopRequested: true } ? "Stopping" : deployment.State);

    private static async Task DemandAsync(string path, string received)
    {
        var approved = Path.Combine(Local.Servers.Checkout.Root, path);
        if (File.Exists(approved) && string.Equals(await File.ReadAllTextAsync(approved, TestContext.Current.CancellationToken), received, StringComparison.Ordinal))
            return;
        var copy = Local.Servers.Checkout.RunDirectory("test", Path.GetFileName(path));
        Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
        await File.WriteAllTextAsync(copy, received, TestContext.Current.CancellationToken);
        Assert.Fail($"{path} is not what the machine does. Read the difference; if it is meant: cp {copy} {approved}");
    }

    private static async Task<string> DecideAsync(Deployment deployment, object message)
    {
        var before = deployment.State;
        deployment.Step = new DeploymentStep { Jobs = Jobs, IsClaimed = deployment.IsAttemptOpen };
        await new DeploymentMachine().RaiseAsync(deployment, message);
        var step = deployment.Step;
        if (step.Refusal is { } refusal)
        {
            Assert.Equal(before, deployment.State);
            return $"refused, {refusal}";
        }

        if (step.Lines.Count == 0)
        {
            Assert.Equal((before, null, null), (deployment.State, step.Begun, step.Ended));
            return "ignored";
        }

        var parts = new List<string> { deployment.Outcome is { } outcome ? $"{deployment.State} {outcome}" : deployment.State };
        if (step.Ended is { } ended)
            parts.Add($"attempt {ended.Outcome}");
        if (step.Begun is { } begun)
            parts.Add($"{(begun.IsRollback ? "undo" : "run")} {begun.Job}{(begun.Delay > TimeSpan.Zero ? " later" : "")}");
        parts.AddRange(step.Errors.Select(error => $"error of {error.Job}: {error.Error}"));
        return string.Join("; ", parts);
    }

    private static void Failed(Deployment deployment) =>
        (deployment.RollbackError, deployment.RollbackErrorType, deployment.FailedJob, deployment.PendingRollbacks) = ("error", "Exception", "two", ["two", "one"]);

    private static Deployment Finished(string outcome, Action<Deployment>? change = null)
    {
        var deployment = Of("Finished", "two", isOpen: false, change);
        deployment.Outcome = outcome;
        return deployment;
    }

    private static Deployment Of(string state, string job, bool isOpen, Action<Deployment>? change = null)
    {
        var deployment = new Deployment
        {
            State = state,
            Status = state is "Suspended" ? "Running" : state is "RollbackSuspended" ? "Rollback" : state,
            Action = "action",
            CurrentJob = job,
            Attempt = Attempt,
            IsAttemptOpen = isOpen,
        };
        change?.Invoke(deployment);
        return deployment;
    }
}
