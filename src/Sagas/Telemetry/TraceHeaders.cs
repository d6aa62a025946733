using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Sagas.Telemetry;

/// <summary>The trace context in message headers: W3C's names for everybody, MassTransit's own for its consumers.</summary>
public static class TraceHeaders
{
    public const string TraceParent = "traceparent";
    public const string TraceState = "tracestate";
    public const string MassTransit = "MT-Activity-Id";

    /// <summary>
    /// Marks the publishing of a message as a span and gives the headers that carry it on, as a JSON object. Without
    /// a listener no span is made and the parent's own context travels.
    /// </summary>
    public static string ForPublish(string destination, ActivityContext parent, IEnumerable<ActivityLink>? links = null)
    {
        if (parent == default)
            parent = Activity.Current?.Context ?? default;
        if (parent == default && links is null)
            return "{}";
        using var span = OrchestratorActivity.Source.StartActivity(
            ActivityKind.Producer, parent, name: $"{destination} publish", links: links);
        span?.SetTag("messaging.system", "rabbitmq")
            .SetTag("messaging.operation.type", "send")
            .SetTag("messaging.destination.name", destination);
        return Write(span?.Context ?? parent);
    }

    /// <summary>The headers that carry a context on, as a JSON object.</summary>
    public static string Write(ActivityContext context)
    {
        if (context == default)
            return "{}";
        var id = Format(context);
        var headers = new JsonObject { [TraceParent] = id, [MassTransit] = id };
        if (!string.IsNullOrEmpty(context.TraceState))
            headers[TraceState] = context.TraceState;
        return headers.ToJsonString(JsonSerializerOptions.Default);
    }

    public static string Format(ActivityContext context) =>
        $"00-{context.TraceId.ToHexString()}-{context.SpanId.ToHexString()}-{(context.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) ? "01" : "00")}";
}
