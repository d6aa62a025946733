using System.Globalization;
using System.Text.Json.Nodes;

namespace Orchestrator.Local.Demo.Jobs;

/// <summary>
/// The row that a job must end as: what its deliveries give when they are read once each, in order. Written apart
/// from the product's code on purpose, so that one can catch the other.
/// </summary>
internal sealed class ExpectedJob
{
    private static readonly string[] DefaultLabels = ["self-hosted", "linux"];

    public ExpectedJob(DemoJob job, IReadOnlyCollection<DemoFlavor> flavors)
    {
        Id = job.Id;
        foreach (var delivery in job.Deliveries)
            Apply(delivery);
        var described = job.Deliveries.Any(delivery => delivery.Action is not "completed");
        AllowedFlavors = described ? Best(flavors) : [];
    }

    public string Id { get; }

    public IReadOnlyList<string> Labels { get; private set; } = [];

    public DateTimeOffset CreatedAt { get; private set; }

    public DateTimeOffset? StartedAt { get; private set; }

    public DateTimeOffset? CompletedAt { get; private set; }

    public JsonObject Raw { get; } = [];

    /// <summary>The flavors of the highest priority that can run it; more than one only if the user made a tie. Empty: none.</summary>
    public IReadOnlyList<string> AllowedFlavors { get; }

    private static DateTimeOffset? Time(JsonNode? node) =>
        node is null ? null : DateTimeOffset.Parse(node.GetValue<string>(), CultureInfo.InvariantCulture);

    private void Apply(Delivery delivery)
    {
        var job = delivery.Payload["workflow_job"]!;
        Labels = [.. job["labels"]!.AsArray().Select(label => label!.GetValue<string>().ToLowerInvariant()).Except(DefaultLabels, StringComparer.Ordinal)];
        CreatedAt = Time(job["created_at"])!.Value;
        if (delivery.Action is "in_progress" or "completed")
            StartedAt = Time(job["started_at"]);
        if (delivery.Action is "completed")
            CompletedAt = Time(job["completed_at"]);
        Raw[delivery.Action] = delivery.Payload.DeepClone();
    }

    private string[] Best(IReadOnlyCollection<DemoFlavor> flavors)
    {
        var candidates = flavors.Where(flavor => flavor.Serves(Labels)).ToList();
        return [.. candidates.Where(flavor => flavor.Priority == candidates.Max(other => other.Priority)).Select(flavor => flavor.Name)];
    }
}
