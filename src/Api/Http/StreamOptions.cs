using System.ComponentModel.DataAnnotations;

namespace Orchestrator.Api.Http;

/// <summary>Section <c>Streams</c>: what is sent to clients that follow something.</summary>
public sealed class StreamOptions
{
    /// <summary>How often followed resources are looked at. 50 milliseconds to 1 second, default 250 milliseconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:00:01")]
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How often each client is sent a sign of life. 100 milliseconds to 5 minutes, default 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:05:00")]
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(30);
}
