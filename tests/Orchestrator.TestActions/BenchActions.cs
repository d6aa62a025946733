using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.TestActions;

/// <summary>Six jobs that do nothing: what is left is the cost of the transitions.</summary>
public sealed class BenchActions : IActionModule
{
    public void AddActions(IServiceCollection services) => services.AddAction("bench", action =>
    {
        foreach (var job in LedgerActions.Six)
            action.Then<Payload, Payload>(job, (_, payload) => Task.FromResult(payload), rollback: (_, _) => Task.CompletedTask);
    });
}

/// <summary>About two hundred bytes that travel from job to job.</summary>
[JobData("bench.payload")]
public sealed record Payload(int Number, string Text);
