using System.ComponentModel.DataAnnotations;

namespace Orchestrator.Sagas.Persistence.Timers;

/// <summary>Section <c>Timers</c>.</summary>
public sealed class TimerOptions
{
    /// <summary>
    /// How often each process looks for timers that others have set: how late a timer can be whose process died before
    /// it was due. 50 milliseconds to 1 minute, default 1 second.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:01:00")]
    public TimeSpan LookInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Timers that come due within this time of each other fire together: it bounds how often each process asks the
    /// database. 1 millisecond to 1 second, default 10 milliseconds.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:01")]
    public TimeSpan Spacing { get; set; } = TimeSpan.FromMilliseconds(10);
}
