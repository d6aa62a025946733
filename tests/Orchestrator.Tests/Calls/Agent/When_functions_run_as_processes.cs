using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orchestrator.Local.Servers;
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

public sealed class When_functions_run_as_processes(ProcessStand stand) : FunctionConformance(stand), IClassFixture<ProcessStand>
{
    [Fact]
    public async Task Should_run_the_example_in_csharp()
    {
        Directory.CreateDirectory($"{stand.Images}/hello-dotnet");
        await NodeFdk.RunAsync("cp", "-r", Path.Combine(Checkout.Root, "artifacts", "bin", "HelloFunction", "release"), $"{stand.Images}/hello-dotnet/1");
        var agent = stand.Agent();
        var function = FunctionStand.Function("hello-dotnet") with { MemoryMiB = 256 };

        var outcome = await agent.InvokeAsync(FunctionStand.Call(function, new { name = "Ada" }), TestContext.Current.CancellationToken);
        var late = await agent.InvokeAsync(FunctionStand.Call(function, new { seconds = 600 }) with { Timeout = TimeSpan.FromMilliseconds(300) }, TestContext.Current.CancellationToken);

        Assert.Equal("Hello Ada", JsonElement.Parse(outcome.Body.Span).GetProperty("message").GetString());
        Assert.Contains("greeting Ada", Encoding.UTF8.GetString(outcome.Log.Span), StringComparison.Ordinal);
        Assert.Equal(504, late.Status);
    }

    [Fact]
    public void Should_enforce_everything_on_this_machine()
    {
        Assert.SkipUnless(Environment.UserName == "root", "Only root can give each container a user of its own.");
        Assert.Empty(stand.Runtime.Shortcomings);
    }
}
