using Orchestrator.Sagas.Calls;
using Orchestrator.Workers.Calls.Agent;

namespace Orchestrator.Workers.Calls;

/// <summary>A call whose caller waits: for the answer, or until execution has begun.</summary>
public sealed record FnCall
{
    public required string Id { get; init; }
    public required FnEntry Fn { get; init; }

    /// <summary>What the function gets, without <c>traceparent</c>.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; }

    public ReadOnlyMemory<byte> Body { get; init; }
    public string TriggerId { get; init; } = "";
    public string Url { get; init; } = "";
    public string Method { get; init; } = "";
    public string? CallbackUrl { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The token that it came with; empty when it came without.</summary>
    public string Actor { get; init; } = "";

    /// <summary>W3C's <c>traceparent</c> of the request.</summary>
    public string? TraceParent { get; init; }

    public string? TraceId { get; init; }
}

/// <summary>Has functions run while their callers wait.</summary>
public interface IFnInvoker
{
    /// <summary>The answer of the function, or why there is none. Cancelling kills the call.</summary>
    Task<InvocationOutcome> InvokeAsync(FnCall call, CancellationToken cancellationToken);

    /// <summary>
    /// Null as soon as execution has begun and is written down; it then goes on by itself. Otherwise why it did not, and never will.
    /// </summary>
    Task<InvocationOutcome?> BeginAsync(FnCall call, CancellationToken cancellationToken);
}
