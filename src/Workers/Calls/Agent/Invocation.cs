using System.Runtime.InteropServices;

namespace Orchestrator.Workers.Calls.Agent;

/// <summary>One call, as the agent gets it.</summary>
public sealed record Invocation
{
    public required string CallId { get; init; }

    public required FunctionSpec Function { get; init; }

    /// <summary>
    /// What the function gets: the client's headers without hop-by-hop ones and without our credentials, <c>traceparent</c> and, for
    /// triggers, the <c>Fn-Http-*</c> ones. The agent adds <c>Fn-Call-Id</c>, <c>Fn-Deadline</c> and the length. A name
    /// may come more than once.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>How long it may execute, from the moment that it begins; null means <see cref="FunctionSpec.Timeout"/>.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>How long it may wait for a slot, a start included. Then it ends as <see cref="InvocationFailure.TooBusy"/> and never runs.</summary>
    public required TimeSpan PlacementBudget { get; init; }

    /// <summary>A slot that was claimed before for this function.</summary>
    public SlotClaim? Claim { get; init; }

    /// <summary>
    /// Awaited when a container is ready and before anything is sent to it: commits "running", or answers 202. False means that the call is not to run (it
    /// was cancelled meanwhile); an exception is the outcome of <see cref="IFunctionAgent.InvokeAsync"/>. Either way the
    /// container goes back unused.
    /// </summary>
    public Func<ExecutionStart, CancellationToken, ValueTask<bool>>? OnStart { get; init; }

    /// <summary>Cancels a call of an <see cref="ICallSequence"/>: while it runs, by killing its container.</summary>
    public CancellationToken Cancellation { get; init; }
}

/// <summary>Where and until when a call is about to execute.</summary>
/// <param name="Runtime">The name of the runtime: <c>process</c> or <c>docker</c>.</param>
/// <param name="Handle">The container's handle: <c>EnsureDeadAsync(handle)</c> of that runtime makes a rerun safe.</param>
/// <param name="Machine">Where the handle means something: <see cref="Runtimes.RuntimeIdentity.Machine"/>.</param>
/// <param name="Timeout">How long it may execute.</param>
/// <param name="Hot">Whether the container had served a call before.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ExecutionStart(string Runtime, string Handle, string Machine, TimeSpan Timeout, bool Hot);
