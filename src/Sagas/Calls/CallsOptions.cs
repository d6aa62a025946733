using System.ComponentModel.DataAnnotations;

namespace Orchestrator.Sagas.Calls;

/// <summary>Section <c>Calls</c>.</summary>
public sealed class CallsOptions
{
    /// <summary>Bytes that the body of an invocation may have. 1 KiB to 100 MiB, default 6 MiB.</summary>
    [Range(1024, 100 * 1024 * 1024)]
    public int MaxRequestBytes { get; set; } = 6 * 1024 * 1024;

    /// <summary>Bytes of a result that are kept with an asynchronous or detached call. 0 to 16 MiB, default 1 MiB.</summary>
    [Range(0, 16 * 1024 * 1024)]
    public int MaxResultBytes { get; set; } = 1024 * 1024;

    /// <summary>
    /// The address under which callers reach the API, for the endpoints shown with fns and triggers. Default: that of the request.
    /// </summary>
    public Uri? PublicUrl { get; set; }

    /// <summary>How long a synchronous call waits for room to run. 1 second to 1 hour, default 6 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan PlacementBudget { get; set; } = TimeSpan.FromMinutes(6);

    /// <summary>How long a detached call waits for room to run before it is answered 503. 100 milliseconds to 10 minutes, default 30 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan DetachedPlacementBudget { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Queued calls that one worker runs at a time. 1 to 1,000, default 32.</summary>
    [Range(1, 1000)]
    public int Concurrency { get; set; } = 32;

    /// <summary>
    /// A waiting call rises by one priority level after this time, so that none waits for ever: a call of level 2 goes before
    /// those of level 0 that waited less than twice as long. 1 second to 1 day, default 1 minute.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan AgeingStep { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How often a worker looks for waiting calls unasked. 50 milliseconds to 1 minute, default 1 second.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:01:00")]
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often it is looked for running calls whose worker is gone. 100 milliseconds to 1 hour, default 2 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan DeadWorkerInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Finished calls, without their logs and results. 1 hour to 3,650 days, default 30 days.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Logs, results and payloads of finished calls. 1 hour to 3,650 days, default 7 days.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan ResultRetention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>
    /// Signs callbacks (header <c>Orchestrator-Signature</c>). At least 16 characters. Default: none, and then calls with a callback are refused.
    /// </summary>
    [MinLength(16)]
    public string? CallbackSecret { get; set; }
}
