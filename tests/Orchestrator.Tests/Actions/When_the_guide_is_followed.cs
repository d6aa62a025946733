using System.Text.RegularExpressions;
using Orchestrator.Local.Servers;
using Orchestrator.Sagas.Actions;
using Orchestrator.Tests.Actions.Guide;

namespace Orchestrator.Tests.Actions;

[Collection(nameof(SharedActions))]
public sealed partial class When_the_guide_is_followed(SharedActions shared)
{
    [Fact]
    public async Task Should_be_the_code_that_is_compiled_here()
    {
        var guide = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "docs/actions.md"), TestContext.Current.CancellationToken);
        var compiled = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "tests/Orchestrator.Tests/Actions/Guide.cs"), TestContext.Current.CancellationToken);
        var blocks = Code().Matches(guide).Select(match => match.Groups["code"].Value).ToList();
        Assert.True(blocks.Count >= 4, "the guide has its code");
        Assert.All(blocks, block => Assert.Contains(block, compiled, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Should_run_and_be_undone()
    {
        var room = shared.Host.Services.GetRequiredService<MachineRoom>();
        var action = shared.Host.Registry.Find(null, "launch-machines");

        var deployment = await shared.Host.RunAsync(action, new Machines(2, []));

        Assert.Equal((DeploymentOutcome.Succeeded, 2), (deployment.Outcome, room.Count));
        room.IsOpen = false;
        var refused = await shared.Host.RunAsync(action, new Machines(3, []));
        Assert.Equal((DeploymentOutcome.RolledBack, "the room is closed", 2), (refused.Outcome, refused.RollbackError, room.Count));
    }

    [GeneratedRegex("```csharp\n(?<code>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Code();
}
