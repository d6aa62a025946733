using System.Text;
using Orchestrator.Local.Servers;
using Orchestrator.Sagas.Calls;

namespace Orchestrator.Tests.Calls;

/// <summary>Draws docs/state-machines/call.md from the states themselves, so that it cannot lie.</summary>
public sealed class When_the_states_of_calls_are_drawn
{
    private const string Head = """
        # States of a call

        Drawn from `CallStatus` by a test; the database refuses every other transition (trigger `call_transition`), and a test tries
        each pair. A retry makes a new call: the one that it repeats stays as it is. A synchronous call is written down when it
        has ended, a detached one when it begins.

        ```mermaid
        stateDiagram-v2
            [*] --> delayed: accepted with a delay
            [*] --> queued: accepted
            [*] --> running: detached, begun

        """;

    [Fact]
    public async Task Should_be_those_of_the_page()
    {
        var page = new StringBuilder(Head);
        foreach (var (from, to, by) in CallStatus.Transitions)
            page.Append($"    {from} --> {to}: {by}\n");
        foreach (var status in CallStatus.All.Where(CallStatus.IsTerminal))
            page.Append($"    {status} --> [*]\n");
        page.Append("```\n");
        var file = Path.Combine(Checkout.Root, "docs", "state-machines", "call.md");
        var fresh = Checkout.RunDirectory("call.md");
        await File.WriteAllTextAsync(fresh, page.ToString(), TestContext.Current.CancellationToken);
        var drawn = File.Exists(file) ? await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken) : "";
        Assert.True(drawn == page.ToString(), $"docs/state-machines/call.md is not what the states say: cp {fresh} {file}");
    }
}
