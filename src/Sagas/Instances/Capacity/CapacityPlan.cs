namespace Orchestrator.Sagas.Instances.Capacity;

/// <summary>One instance of a flavor, as far as its capacity is concerned.</summary>
public sealed record CapacityInstance
{
    public required Guid Id { get; init; }
    public required string Status { get; init; }

    /// <summary>False: it is being ended, or failed for good.</summary>
    public required bool IsWanted { get; init; }

    /// <summary>True while it holds a claim on a node.</summary>
    public required bool IsPlaced { get; init; }

    public required bool IsBusy { get; init; }

    /// <summary>True between the question whether it can end and the answer.</summary>
    public required bool IsAsked { get; init; }

    /// <summary>True while somebody holds a lease of it.</summary>
    public required bool IsLeased { get; init; }

    public DateTimeOffset? IdleSince { get; init; }
}

/// <summary>What is wanted of a flavor and what there is.</summary>
public sealed record CapacityState
{
    /// <summary>clamp(incomplete jobs, minimum, maximum); 0 without a template.</summary>
    public required long Desired { get; init; }

    /// <summary>Never more than this at once, those that are ending included; null: no bound.</summary>
    public long? Maximum { get; init; }

    public required IReadOnlyList<CapacityInstance> Instances { get; init; }

    /// <summary>Instances that failed since the last one that ended well.</summary>
    public int FailuresInARow { get; init; }

    /// <summary>When the last of them failed.</summary>
    public DateTimeOffset? LastFailure { get; init; }

    public required DateTimeOffset Now { get; init; }
}

/// <summary>What to do about it.</summary>
/// <param name="Create">How many instances to make.</param>
/// <param name="Ask">Idle ones to ask whether they can end.</param>
/// <param name="Cancel">Ones to end at once: nothing runs of them.</param>
public sealed record CapacityPlan(int Create, IReadOnlyList<Guid> Ask, IReadOnlyList<Guid> Cancel)
{
    /// <summary>Instances that are made in one step; the next step follows when these are placed.</summary>
    public const int Bite = 100;

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    public bool IsNothing => Create == 0 && Ask.Count == 0 && Cancel.Count == 0;

    /// <summary>
    /// Brings what there is to what is wanted: up at once, down only what has been idle for the cool-down, and never anything
    /// that works.
    /// </summary>
    public static CapacityPlan Of(CapacityState state, TimeSpan coolDown)
    {
        var active = state.Instances.Where(instance => instance.IsWanted && instance.Status is Statuses.Provisioning or Statuses.Running).ToList();
        var ending = state.Instances.Count - active.Count;
        var missing = state.Desired - active.Count;
        if (missing > 0)
        {
            // While the earlier ones find no room, more would wait with them.
            if (active.Any(instance => !instance.IsPlaced) || state.Now < Resume(state))
                return new CapacityPlan(0, [], []);
            var room = state.Maximum is { } maximum ? maximum - active.Count - ending : long.MaxValue;
            return new CapacityPlan((int)Math.Clamp(Math.Min(missing, room), 0, Bite), [], []);
        }

        var excess = (int)Math.Min(-missing, int.MaxValue);
        var waiting = active.Where(instance => !instance.IsPlaced && instance.Status is Statuses.Provisioning).Select(instance => instance.Id).Take(excess).ToList();
        excess -= waiting.Count;
        // Those that were asked may go: they are not asked for twice.
        excess -= active.Count(instance => instance.IsAsked);
        var idle = active
            .Where(instance => instance is { Status: Statuses.Running, IsPlaced: true, IsBusy: false, IsAsked: false, IsLeased: false } && instance.IdleSince + coolDown <= state.Now)
            .OrderBy(instance => instance.IdleSince).Take(Math.Max(excess, 0)).Select(instance => instance.Id).ToList();
        return new CapacityPlan(0, idle, waiting);
    }

    // What fails again and again is tried again ever more slowly.
    private static DateTimeOffset Resume(CapacityState state) =>
        state is { FailuresInARow: > 0, LastFailure: { } last }
            ? last + TimeSpan.FromSeconds(Math.Min(Math.Pow(2, Math.Min(state.FailuresInARow - 1, 10)), LongestPause.TotalSeconds))
            : DateTimeOffset.MinValue;
}
