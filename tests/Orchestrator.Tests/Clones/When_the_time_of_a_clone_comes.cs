namespace Orchestrator.Tests.Clones;

/// <summary>As <see cref="When_time_passes_for_clones"/>, by the real clock.</summary>
[Collection(nameof(SharedClones))]
public sealed class When_the_time_of_a_clone_comes(SharedClones shared)
{
    [Fact]
    public async Task Should_be_deleted_then_and_no_sooner()
    {
        var soon = TimeProvider.System.GetUtcNow().AddSeconds(4);
        await shared.Control.CreateAsync("brief", more: $",\"deleteAt\":\"{soon:O}\"");
        await shared.Control.UntilGoneAsync("brief");
        Assert.True(TimeProvider.System.GetUtcNow() >= soon);
    }
}
