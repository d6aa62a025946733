namespace Orchestrator.Tests.Chaos;

/// <summary>Runs that need the machine for themselves: one after the other, when nothing else runs.</summary>
[CollectionDefinition(nameof(ChaosCollection), DisableParallelization = true)]
public sealed class ChaosCollection
{
    /// <summary>Whether the long doses are wanted (<c>./test --long</c>).</summary>
    public static bool IsLong => Environment.GetEnvironmentVariable("ORCHESTRATOR_LONG") is { Length: > 0 };
}
