using Orchestrator.Sagas.Hosting;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence.SagaStorage;

namespace Orchestrator.Bench.Saga;

/// <summary>A worker with the journey saga and nothing else, as a process of its own.</summary>
public static class SagaWorker
{
    public const string Command = "saga-worker";
    public const string Queue = "orchestrator-bench-journey";

    public static async Task<int> RunAsync()
    {
        var builder = WebApplication.CreateBuilder(HostStart.Options([]));
        builder.AddOrchestratorCore("bench-saga-worker");
        builder.Services.AddOrchestratorBus(bus => bus.AddSagaStateMachine<JourneyStateMachine, Journey>().Endpoint(e =>
        {
            e.Name = Queue;
            e.ConcurrentMessageLimit = 32;
            e.PrefetchCount = 128;
        }).UsePostgres<Journey, JourneyContext>("bench-journey"));
        builder.Services.AddOrchestratorHealth();
        var app = builder.Build();
        app.MapOrchestratorHealth();
        await app.RunAsync();
        return 0;
    }
}
