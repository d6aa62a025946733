using System.Net;
using System.Text;
using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.TestActions;

/// <summary>What the actions of these tests take.</summary>
/// <param name="Ledger">Address of the ledger that every job and every handler writes to before it does anything else.</param>
[JobData("test.script")]
public sealed record Script(string Ledger);

/// <summary>What a job stores for its handler.</summary>
[JobData("test.mark")]
public sealed record Mark(string Text);

/// <summary>What all jobs of a deployment share.</summary>
[JobData("test.state")]
public sealed class SharedState
{
    public List<string> Done { get; set; } = [];
}

/// <summary>
/// Actions whose jobs do nothing but tell the ledger, which may make them wait, or refuse and so make them fail.
/// </summary>
public sealed class LedgerActions : IActionModule
{
    public static readonly IReadOnlyList<string> Six = ["one", "two", "three", "four", "five", "six"];

    private static readonly HttpClient Http = new() { Timeout = Timeout.InfiniteTimeSpan };

    public void AddActions(IServiceCollection services)
    {
        services.AddAction("six", action => Add(action, Six));
        services.AddAction("six-stop", action => Add(action.OnRollbackFailure(RollbackFailurePolicy.Stop), Six));
        services.AddAction("retry", action => action
            .Then(Job("first"))
            .Then(Job("later").With(new JobPolicy { Attempts = 5, FirstPause = TimeSpan.FromHours(1), LongestPause = TimeSpan.FromHours(1), Jitter = 0 }))
            .Then(Job("last")));
    }

    private static void Add(ActionBuilder action, IEnumerable<string> jobs)
    {
        foreach (var job in jobs)
            action.Then(Job(job));
    }

    private static JobDefinition Job(string name) => JobDefinition.Of<Script, Script>(
        name,
        async (context, script) =>
        {
            await context.SetAsync(new Mark($"{name} begun"));
            await TellAsync(script, context, $"run {name}");
            var state = context.Store.State<SharedState>() ?? new SharedState();
            state.Done.Add(name);
            context.Store.SetState(state);
            return script;
        },
        async (context, failure) =>
        {
            var script = await context.GetAsync<Script>(JobContext.InputKind) ?? throw new InvalidOperationException("the input is gone");
            var mark = await context.GetAsync<Mark>();
            var done = context.Store.State<SharedState>()?.Done ?? [];
            await context.SetAsync(new Mark($"{name} undone"), "undo");
            await TellAsync(script, context, $"undo {name} because of {failure.Job}: {failure.Message}; {mark?.Text}; {string.Join(' ', done)}");
        });

    // The ledger is another process: it notes each line once, however often it is told.
    private static async Task TellAsync(Script script, JobContext context, string line)
    {
        using var content = new StringContent(line, Encoding.UTF8, "text/plain");
        using var response = await Http.PostAsync($"{script.Ledger}{context.DeploymentId}/{context.Attempt}", content, context.CancellationToken);
        if (response.StatusCode is HttpStatusCode.Conflict)
            throw new InvalidOperationException($"{context.Job} was refused");
        response.EnsureSuccessStatusCode();
    }
}
