using System.Diagnostics;
using MassTransit;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Sagas.Messaging;

/// <summary>The span in which a message is handled: what its effects have as their parent.</summary>
public sealed record MessageTrace(ActivityContext Context);

/// <summary>
/// Continues the trace of a publisher that sends W3C's <c>traceparent</c> and not MassTransit's own header, and
/// keeps the message's context with it, for consumers that take many messages at once.
/// </summary>
public sealed class MessageTraceFilter : IFilter<ReceiveContext>
{
    public void Probe(ProbeContext context) => context.CreateFilterScope("messageTrace");

    public async Task Send(ReceiveContext context, IPipe<ReceiveContext> next)
    {
        var remote = RemoteParent(context.TransportHeaders);
        if (remote == default)
        {
            var current = Activity.Current?.Context ?? MassTransitParent(context.TransportHeaders);
            context.AddOrUpdatePayload(() => new MessageTrace(current), _ => new MessageTrace(current));
            await next.Send(context);
            return;
        }

        // MassTransit has begun a trace of its own for the receive; what counts is the publisher's.
        var stray = Activity.Current;
        if (stray is not null)
            stray.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        var name = stray?.OperationName ?? "receive";
        using var span = OrchestratorActivity.Source.StartActivity(ActivityKind.Consumer, remote, name: name);
        var own = span?.Context ?? remote;
        context.AddOrUpdatePayload(() => new MessageTrace(own), _ => new MessageTrace(own));
        await next.Send(context);
    }

    private static ActivityContext RemoteParent(Headers headers) =>
        !headers.TryGetHeader(TraceHeaders.MassTransit, out _)
        && headers.TryGetHeader(TraceHeaders.TraceParent, out var value) && value is string parent
        && ActivityContext.TryParse(
            parent, headers.TryGetHeader(TraceHeaders.TraceState, out var state) ? StateOf(state) : null, isRemote: true, out var context)
            ? context
            : default;

    // Visible ASCII, as W3C has it: anything else is no state, and no database would take it.
    private static string? StateOf(object? value) =>
        value is string { Length: <= 512 } state && state.All(letter => letter is >= ' ' and <= '~') ? state : null;

    private static ActivityContext MassTransitParent(Headers headers) =>
        headers.TryGetHeader(TraceHeaders.MassTransit, out var value) && value is string id
        && ActivityContext.TryParse(id, null, isRemote: true, out var context)
            ? context
            : default;
}

/// <summary>Reads what <see cref="MessageTraceFilter"/> kept.</summary>
public static class MessageTraceExtensions
{
    /// <summary>The span in which the message is handled; default when it has no trace.</summary>
    public static ActivityContext Trace(this ConsumeContext context) =>
        context.ReceiveContext.TryGetPayload<MessageTrace>(out var trace) ? trace.Context : default;
}
