namespace Orchestrator.Local.Demo.Jobs;

/// <summary>A flavor as the API gives it.</summary>
internal sealed record DemoFlavor
{
    public required string Name { get; init; }

    public string Platform { get; init; } = "github";

    public required string[] Labels { get; init; }

    public int Priority { get; init; }

    public bool IsDisabled { get; init; }

    public int MinimumPressure { get; init; }

    public int? MaximumPressure { get; init; }

    /// <summary>The demo's four kinds of machine. Their priorities differ, so that every assignment can be foretold.</summary>
    public static IReadOnlyList<DemoFlavor> All { get; } =
    [
        new() { Name = "x64-small", Labels = ["x64", "small", "ubuntu-24.04", "docker"], Priority = 50, MinimumPressure = 2 },
        new() { Name = "x64-large", Labels = ["x64", "large", "ubuntu-24.04", "docker"], Priority = 40 },
        new() { Name = "arm64-medium", Labels = ["arm64", "medium", "ubuntu-24.04", "docker"], Priority = 30, MinimumPressure = 1 },
        new() { Name = "x64-gpu", Labels = ["x64", "large", "gpu", "ubuntu-24.04"], Priority = 10 },
    ];

    /// <summary>Whether a machine of this kind can run a job with these (already reduced) labels.</summary>
    public bool Serves(IEnumerable<string> jobLabels) =>
        !IsDisabled && jobLabels.All(label => Labels.Contains(label, StringComparer.OrdinalIgnoreCase));
}
