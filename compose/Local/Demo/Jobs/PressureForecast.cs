namespace Orchestrator.Local.Demo.Jobs;

/// <summary>What the pressure of each flavor must become, from what was there before and what the demo adds.</summary>
internal static class PressureForecast
{
    /// <param name="flavors">All flavors.</param>
    /// <param name="incompleteBefore">Incomplete jobs per flavor before the demo.</param>
    /// <param name="states">The demo's jobs with the flavor that each got.</param>
    public static Dictionary<string, int> Create(
        IEnumerable<DemoFlavor> flavors, IReadOnlyDictionary<string, int> incompleteBefore, IReadOnlyList<JobState> states) =>
        flavors.ToDictionary(
            flavor => flavor.Name,
            flavor =>
            {
                var waiting = incompleteBefore.GetValueOrDefault(flavor.Name)
                    + states.Count(state => state.Expected.CompletedAt is null && state.Flavor == flavor.Name);
                var floor = flavor.IsDisabled ? 0 : flavor.MinimumPressure;
                return Math.Min(Math.Max(floor, waiting), flavor.IsDisabled ? int.MaxValue : flavor.MaximumPressure ?? int.MaxValue);
            },
            StringComparer.Ordinal);
}
