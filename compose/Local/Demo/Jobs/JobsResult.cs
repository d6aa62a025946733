namespace Orchestrator.Local.Demo.Jobs;

/// <summary>Everything that this part of the demo found out.</summary>
internal sealed record JobsResult
{
    public required IReadOnlyList<DemoFlavor> Flavors { get; init; }

    public required IReadOnlyList<JobState> States { get; init; }

    public required IReadOnlyDictionary<string, int> PressureBefore { get; init; }

    public required IReadOnlyDictionary<string, int> PressureAfter { get; init; }

    public required IReadOnlyDictionary<string, int> PressureExpected { get; init; }

    public required DeliverySender Sender { get; init; }

    /// <summary>One line for each thing that is not as it must be.</summary>
    public IReadOnlyList<string> Faults =>
    [
        .. Sender.Refusals.GroupBy(status => status).Select(group => $"{group.Count()} deliveries were answered {(int)group.Key} instead of 200"),
        .. States.SelectMany(state => state.Differences.Select(difference => $"job {state.Expected.Id}: {difference}")),
        .. from flavor in Flavors
           let after = PressureAfter.GetValueOrDefault(flavor.Name)
           let expected = PressureExpected.GetValueOrDefault(flavor.Name)
           where after != expected
           select $"pressure of {flavor.Name}: expected {expected}, got {after}",
    ];
}
