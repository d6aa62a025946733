namespace Orchestrator.Bench.Intake;

/// <summary>
/// One of twenty kinds of jobs and the flavor that takes it. A job without <c>gpu</c> fits two flavors, of which the
/// priority chooses one: where a job goes is known beforehand.
/// </summary>
public sealed record JobKind(string Flavor, string[] FlavorLabels, int Priority, string[] SentLabels, string[] StoredLabels)
{
    public const string Platform = "github";

    private static readonly string[] Sizes = ["small", "medium", "large", "xlarge", "huge"];
    private static readonly string[] Architectures = ["x64", "arm64"];

    public static IReadOnlyList<JobKind> All { get; } =
        [.. from size in Sizes from architecture in Architectures from isGpu in (bool[])[false, true] select Create(size, architecture, isGpu)];

    /// <summary>The kind of the n-th job.</summary>
    public static JobKind Of(int number) => All[number * 7 % All.Count];

    private static JobKind Create(string size, string architecture, bool isGpu)
    {
        string[] labels = isGpu ? [size, architecture, "gpu"] : [size, architecture];
        return new JobKind(
            $"{size}-{architecture}{(isGpu ? "-gpu" : "")}", [.. labels, "ubuntu-24.04"], isGpu ? 0 : 10,
            ["self-hosted", "Linux", .. labels], labels);
    }
}
