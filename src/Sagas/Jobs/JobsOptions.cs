using System.ComponentModel.DataAnnotations;

namespace Orchestrator.Sagas.Jobs;

/// <summary>Section <c>Jobs</c>.</summary>
public sealed class JobsOptions
{
    /// <summary>
    /// Labels that every machine of platform <c>github</c> has: removed from jobs before they are compared.
    /// Default: <c>self-hosted</c> and <c>linux</c>. Setting any of them replaces the list.
    /// </summary>
    public IList<string> DefaultLabels { get; init; } = [];

    /// <summary><see cref="DefaultLabels"/>, or the built-in ones where none are set.</summary>
    public IEnumerable<string> EffectiveDefaultLabels => DefaultLabels.Count > 0 ? DefaultLabels : ["self-hosted", "linux"];

    /// <summary>
    /// A job that was created longer ago does not count as pressure. 1 minute to 3,650 days, default: no bound.
    /// </summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan? PressureMaxAge { get; set; }

    /// <summary>
    /// How often the assignments and counters are checked against the rules, and mended. 1 second to 1 day,
    /// default 5 minutes.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan ReconcileInterval { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Completed jobs are removed after this time. 1 hour to 3,650 days, default 30 days.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(30);
}
