using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.TestActions;

/// <summary>
/// Six jobs that do nothing: what is left is the cost of the transitions. <c>bench-held</c> waits in the first of them until
/// the file is there that its text names, so that all deployments can be in flight before any goes on.
/// </summary>
public sealed class BenchActions : IActionModule
{
    public void AddActions(IServiceCollection services)
    {
        services.AddAction("bench", action => Add(action, (_, payload) => Task.FromResult(payload)));
        services.AddAction("bench-held", action => Add(action, HoldAsync));
    }

    private static void Add(ActionBuilder action, Func<JobContext, Payload, Task<Payload>> first)
    {
        foreach (var job in LedgerActions.Six)
            action.Then<Payload, Payload>(job, job == LedgerActions.Six[0] ? first : (_, payload) => Task.FromResult(payload), rollback: (_, _) => Task.CompletedTask);
    }

    private static async Task<Payload> HoldAsync(JobContext context, Payload payload)
    {
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        while (!File.Exists(payload.Text))
            await pause.WaitForNextTickAsync(context.CancellationToken);
        return payload;
    }
}

/// <summary>About two hundred bytes that travel from job to job.</summary>
[JobData("bench.payload")]
public sealed record Payload(int Number, string Text);
