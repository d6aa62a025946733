using Orchestrator.Tests.Infrastructure;
using Orchestrator.Tests.Telemetry;

namespace Orchestrator.Tests.Actions;

public sealed class When_a_deployment_is_traced(Servers servers)
{
    [Fact]
    public async Task Should_be_one_trace_with_a_span_for_each_attempt_and_handler_through_a_timer_and_a_restart()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var otlp = await OtlpReceiver.StartAsync();
        await using var ledger = await Ledger.StartAsync();
        await using var api = await Host.StartApiAsync(place, otlp.Settings);
        await using var worker = await Host.StartWorkerAsync(place, [.. otlp.Settings, ActionsApi.Assembly, Host.Only("actions")]);
        const string traceId = "0af7651916cd43dd8448eb211c80319c";
        ledger.Refuse("run later");
        ledger.Refuse("run last");

        var (status, body) = await ActionsApi.AskAsync(
            api, "POST", "/api/v1/deployments", $$"""{"action":"retry","groupId":"trace","input":{"ledger":"{{ledger.Address}}"} }""",
            ("traceparent", $"00-{traceId}-b7ad6b7169203331-01"));
        Assert.Equal((202, traceId), (status, body.GetProperty("traceId").GetString()));
        var id = body.GetProperty("id").GetGuid();
        await Wait.UntilAsync(
            () => place.ScalarAsync<bool>("SELECT count(*) = 3 FROM action_deployments_attempts WHERE deployment_id = $1", id), "set to be tried again");
        ledger.Allow("run later");
        await UntilExportedAsync("job first", "job later");
        await Task.WhenAll(worker.KillAsync(), api.KillAsync());
        await Task.WhenAll(worker.RestartAsync(), api.RestartAsync());
        await Task.WhenAll(worker.UntilReadyAsync(), api.UntilReadyAsync());
        Assert.Equal(1L, await place.ScalarAsync<long>("SELECT count(*) FROM timer WHERE exchange LIKE '%run-job'"));
        await place.ExecuteAsync("UPDATE action_deployments_attempts SET due_at = now() WHERE state = 'Scheduled'");
        await place.ExecuteAsync("UPDATE timer SET due_at = now()");
        var finished = await ActionsApi.FinishedAsync(api, id);

        Assert.Equal("RolledBack", finished.GetProperty("outcome").GetString());
        string[] steps = ["job first", "job later", "job later", "job last", "rollback last", "rollback later", "rollback first"];
        await UntilExportedAsync(steps);
        var spans = otlp.Spans.Where(span => span.TraceId == traceId).ToList();
        Assert.Equal(steps.Order(), spans.Where(IsStep).Select(span => span.Name).Order());
        Assert.DoesNotContain(otlp.Spans, span => IsStep(span) && span.TraceId != traceId);
        Assert.Contains(spans, span => span.Name.EndsWith("run-job publish", StringComparison.Ordinal));
        // The timeline tells the same: each attempt, in the order of the spans' ends.
        Assert.Equal(
            ["job-succeeded first", "retried later", "job-succeeded later", "job-failed last", "job-rolled-back last", "job-rolled-back later", "job-rolled-back first"],
            await place.ScalarAsync<string[]>(
                """
                SELECT array_agg(what || ' ' || split_part(reason, ':', 1) ORDER BY id) FROM resource_event
                WHERE kind = 'deployment' AND key = $1 AND trace_id = $2 AND (what LIKE 'job-%' OR what = 'retried')
                """,
                id.ToString(), traceId));

        Task UntilExportedAsync(params string[] names) => Wait.UntilAsync(
            () => Task.FromResult(names.All(name => otlp.Spans.Any(span => span.TraceId == traceId && span.Name == name))), "exported");

        static bool IsStep(ReceivedSpan span) =>
            span.Name.StartsWith("job ", StringComparison.Ordinal) || span.Name.StartsWith("rollback ", StringComparison.Ordinal);
    }
}
