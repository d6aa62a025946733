using System.ComponentModel.DataAnnotations;

namespace Orchestrator.Sagas.Actions;

/// <summary>Section <c>Actions</c>.</summary>
public sealed class ActionsOptions
{
    /// <summary>
    /// A deployment whose list of jobs no worker has known for so long is incompatible, an open incident.
    /// 1 second to 30 days, default 10 minutes.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan IncompatibleAfter { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Jobs that one worker runs at once; the others wait in the table. 1 to 100,000, default 500.</summary>
    [Range(1, 100_000)]
    public int MaxConcurrentJobs { get; set; } = 500;

    /// <summary>
    /// A job over which so many workers have died in a row has failed. 1 to 1,000, default 20.
    /// </summary>
    [Range(1, 1_000)]
    public int MaxLosses { get; set; } = 20;

    /// <summary>How long a worker that stops lets its jobs finish before it cancels and hands them back. 0 to 20 seconds, default 5 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:20")]
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Finished deployments. 1 hour to 3,650 days, default 30 days.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>
    /// Paths of assemblies with actions: their public types that implement <c>IActionModule</c> register them when a
    /// worker starts. Default: none.
    /// </summary>
    public string[] Assemblies { get; set; } = [];

    /// <summary>
    /// A folder with definitions of actions (<c>*.yaml</c>, <c>*.yml</c>, <c>*.json</c>) that workers register, and register
    /// again when a file changes. Default: none.
    /// </summary>
    public string? Folder { get; set; }
}
