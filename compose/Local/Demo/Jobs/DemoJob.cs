namespace Orchestrator.Local.Demo.Jobs;

/// <summary>A job of the demo and what GitHub tells about it, in the order in which it happened.</summary>
internal sealed record DemoJob(string Id, IReadOnlyList<Delivery> Deliveries);
