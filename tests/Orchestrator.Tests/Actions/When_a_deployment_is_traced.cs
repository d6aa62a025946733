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
        await using var worker = await Host.StartWorkerAsync(place, [.. otlp.Settings, ActionsApi.Assembly]);
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
        await worker.StopAsync();
        await worker.RestartAsync();
        var finished = await ActionsApi.FinishedAsync(api, id);

        Assert.Equal("RolledBack", finished.GetProperty("outcome").GetString());
        string[] expected = ["job first", "job later", "job later", "job last", "rollback last", "rollback later", "rollback first"];
        var spans = await Wait.ForAsync(
            () => Task.FromResult(otlp.Spans.Where(s => s.TraceId == traceId).ToList()),
            spans => expected.All(name => spans.Exists(s => s.Name == name)), "exported");
        Assert.Equal(expected.Order(), spans.Where(s => s.Name.StartsWith("job ", StringComparison.Ordinal) || s.Name.StartsWith("rollback ", StringComparison.Ordinal)).Select(s => s.Name).Order());
        Assert.Contains(spans, s => s.Name.EndsWith("run-job publish", StringComparison.Ordinal));
        Assert.Equal(traceId, await place.ScalarAsync<string>("SELECT DISTINCT trace_id FROM resource_event WHERE kind = 'deployment' AND key = $1::text", id.ToString()));
    }
}
