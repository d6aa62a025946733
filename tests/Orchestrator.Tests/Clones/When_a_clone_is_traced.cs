using System.Collections.Concurrent;
using System.Diagnostics;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Clones;

/// <summary>One trace from the request to the work in the host, and back to the saga.</summary>
[Collection(nameof(SharedClones))]
public sealed class When_a_clone_is_traced(SharedClones shared)
{
    [Fact]
    public async Task Should_be_one_trace_from_the_request_to_the_host_and_back()
    {
        var trace = ActivityTraceId.CreateRandom().ToHexString();
        var spans = new ConcurrentBag<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                if (span.TraceId.ToHexString() == trace)
                    spans.Add(span);
            },
        };
        ActivitySource.AddActivityListener(listener);
        var (status, body) = await shared.Control.AskAsync(
            "POST", "/clone", CloneControl.Request("traced"), ("traceparent", $"00-{trace}-00f067aa0ba902b7-01"));
        Assert.Equal(201, status);
        Assert.Equal(trace, body.GetProperty("traceId").GetString());
        await shared.Control.UntilAsync("traced", "OK");
        await Wait.UntilAsync(() => Task.FromResult(spans.Any(span => span.OperationName == "orchestrator.clones.clone-created publish")), "published in its trace");
        var work = spans.Single(span => span.OperationName == "clone create");
        Assert.Equal("traced", work.GetTagItem("orchestrator.clone.id"));
        // The work hangs below the delivery to the host, and what the host reports below the work.
        Assert.Contains(spans, span => span.SpanId == work.ParentSpanId);
        Assert.Contains(spans, span => span.ParentSpanId == work.SpanId && span.OperationName.Contains("clone-built", StringComparison.Ordinal));
        Assert.Equal(
            trace, await shared.Control.Place.ScalarAsync<string>("SELECT trace_id FROM resource_event WHERE kind = 'clone' AND key = 'traced' AND what = 'created'"));
    }
}
