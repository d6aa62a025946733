using Orchestrator.Local.Servers;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Tests.Docs;

public sealed class When_state_machines_are_documented
{
    [Fact]
    public async Task Should_draw_every_machine_as_it_is()
    {
        var directory = Path.Combine(Checkout.Root, "docs", "state-machines");
        var fresh = Directory.CreateDirectory(Checkout.RunDirectory("state-machines")).FullName;
        var stale = new List<string>();
        string[] drawnElsewhere = ["deployment.md", "call.md"];
        // Drawn elsewhere: that of deployments by running it (When_any_event_meets_any_state), that of calls from the pairs
        // that the database lets through (When_the_states_of_calls_are_drawn).
        var pages = StateMachinePage.RenderAll(typeof(OrchestratorDbContext).Assembly).Where(page => !drawnElsewhere.Contains(page.File, StringComparer.Ordinal)).ToList();
        foreach (var (file, text, _) in pages)
        {
            await File.WriteAllTextAsync(Path.Combine(fresh, file), text, TestContext.Current.CancellationToken);
            var page = Path.Combine(directory, file);
            if (!File.Exists(page) || !string.Equals(await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken), text, StringComparison.Ordinal))
                stale.Add(file);
        }

        if (Directory.Exists(directory))
            stale.AddRange(Directory.EnumerateFiles(directory, "*.md").Select(path => Path.GetFileName(path)!).Except(pages.Select(page => page.File).Concat(drawnElsewhere), StringComparer.Ordinal));
        Assert.True(stale.Count == 0, $"docs/state-machines is not what the machines are: {string.Join(", ", stale)}. Compare it with {fresh}, and copy that over.");
    }

    [Fact]
    public void Should_decide_about_every_event_in_every_state() =>
        Assert.Empty(StateMachinePage.RenderAll(typeof(OrchestratorDbContext).Assembly).SelectMany(page => page.Undecided));
}
