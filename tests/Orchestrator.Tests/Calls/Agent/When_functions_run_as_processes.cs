using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orchestrator.Workers.Calls.Agent;
using Orchestrator.Workers.Runtimes;
using Orchestrator.Workers.Runtimes.Processes;

namespace Orchestrator.Tests.Calls.Agent;

/// <summary>Bubblewrap and cgroups, as far as the machine has them.</summary>
public sealed class ProcessStand : FunctionStand
{
    protected override Task StartAsync()
    {
        Runtime = RuntimeOf(Identity);
        return Task.CompletedTask;
    }

    public override IRuntime RuntimeOf(RuntimeIdentity identity) => new ProcessRuntime(
        Options.Create(RuntimeOptions), Options.Create(new FunctionsOptions { Root = Images }), identity, NullLogger<ProcessRuntime>.Instance);

    protected override Task StopAsync()
    {
        ((ProcessRuntime)Runtime).Dispose();
        return Task.CompletedTask;
    }
}

public sealed class When_functions_run_as_processes(ProcessStand stand) : FunctionConformance(stand), IClassFixture<ProcessStand>;
