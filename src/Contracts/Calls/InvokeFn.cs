namespace Orchestrator.Contracts.Calls;

/// <summary>
/// Command: run a fn, asynchronously. Sent by anybody, consumed by the workers, which answer with
/// <see cref="CallSucceeded"/>, <see cref="CallFailed"/> or <see cref="CallCancelled"/> when the call has ended.
/// </summary>
[MessageName("orchestrator.calls.invoke-fn")]
public sealed record InvokeFn
{
    /// <summary>The fn: 26 characters.</summary>
    public required string FnId { get; init; }

    /// <summary>
    /// The id that the call gets: 26 characters as the function server makes them. The same id is accepted once. Default: a new one.
    /// </summary>
    public string? CallId { get; init; }

    /// <summary>What the fn gets as its body, base64 in JSON. At most 64 KiB; larger ones go over HTTP. Default: nothing.</summary>
    public byte[]? Payload { get; init; }

    /// <summary>Of the payload. Default: none.</summary>
    public string? ContentType { get; init; }

    /// <summary>Headers that the fn gets. Default: none.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>Seconds until the call is queued, 0 to 31,536,000. Default: 0.</summary>
    public int Delay { get; init; }

    /// <summary>0 to 2; higher starts first. Default: 0.</summary>
    public int Priority { get; init; }

    /// <summary>How often it is run again after an error, 0 to 25. Default: 0.</summary>
    public int MaxRetries { get; init; }

    /// <summary>Seconds before it is run again, 0 to 86,400. Default: 60.</summary>
    public int? RetryDelay { get; init; }

    /// <summary>Where the outcome is posted to, signed. Default: nowhere.</summary>
    public string? CallbackUrl { get; init; }

    /// <summary>Maximum number of processors, as <c>100m</c> or <c>0.1</c>. Default: that of the fn.</summary>
    public string? Cpus { get; init; }
}
