using System.Text.Json;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Actions;

[Collection(nameof(ActionsApi))]
public sealed class When_a_deployment_is_managed_over_http(ActionsApi api)
{
    private const string Deployments = "/api/v1/deployments";

    [Fact]
    public async Task Should_answer_202_with_location_and_run_to_the_end()
    {
        await using var ledger = await Ledger.StartAsync();
        using var response = await SharedApi.SendAsync(
            api.Host.Client, "POST", Deployments, $$"""{"action":"six","groupId":"sim 1/ü","input":{"ledger":"{{ledger.Address}}"} }""");
        Assert.Equal(202, (int)response.StatusCode);
        var body = await SharedApi.BodyAsync(response);
        var id = body.GetProperty("id").GetGuid();
        Assert.Equal($"{Deployments}/{id}", response.Headers.Location!.OriginalString);
        Assert.Equal(
            ["id", "action", "application", "groupId", "status", "outcome", "currentJob", "rollbackError", "traceId", "createdAt", "finishedAt"],
            body.EnumerateObject().Select(member => member.Name).Take(11));
        Assert.Equal(("Running", "one", "sim 1/ü"), (Text(body, "status"), Text(body, "currentJob"), Text(body, "groupId")));
        Assert.Equal(32, Text(body, "traceId")!.Length);

        var finished = await api.FinishedAsync(id);

        Assert.Equal(("Succeeded", "six"), (Text(finished, "outcome"), Text(finished, "currentJob")));
        Assert.Equal(6, finished.GetProperty("attempts").GetArrayLength());
        Assert.All(finished.GetProperty("attempts").EnumerateArray(), attempt => Assert.Equal("Succeeded", Text(attempt, "outcome")));
        Assert.Equal(["run one", "run two", "run three", "run four", "run five", "run six"], ledger.LinesOf(id));
        var (_, timeline) = await api.AskAsync("GET", $"{Deployments}/{id}/timeline");
        Assert.Equal(8, timeline.GetProperty("items").GetArrayLength());
        Assert.Equal("admin", Text(timeline.GetProperty("items")[0], "actor"));
        Assert.Equal(Text(body, "traceId"), Text(timeline.GetProperty("items")[7], "traceId"));
        var (_, data) = await api.AskAsync("GET", $"{Deployments}/{id}/data?job=two");
        Assert.Equal(["input", "job"], data.GetProperty("items").EnumerateArray().Select(item => Text(item, "type")).Order());
    }

    [Theory]
    [InlineData("""{"groupId":"g"}""", 400, "INVALID_FIELD", "action")]
    [InlineData("""{"action":"six"}""", 400, "INVALID_FIELD", "groupId")]
    [InlineData("""{"action":"six","groupId":""}""", 400, "INVALID_FIELD", "groupId")]
    [InlineData("""{"action":"six","groupId":"g","input":7}""", 400, "INVALID_FIELD", "input")]
    [InlineData("""{"action":"six","groupId":"g","input":{}}""", 400, "INVALID_FIELD", "input")]
    [InlineData("""{"action":"no such","groupId":"g"}""", 404, "ACTION_NOT_FOUND", null)]
    [InlineData("""{"action":"six","groupId":"g","id":"x"}""", 400, "INVALID_FIELD", "id")]
    [InlineData("""[]""", 400, "MALFORMED_JSON", null)]
    public async Task Should_refuse_what_cannot_be_and_name_the_field(string json, int status, string code, string? field)
    {
        var (answered, body) = await api.AskAsync("POST", Deployments, json);

        Assert.Equal((status, code), (answered, Text(body, "code")));
        if (field is not null)
            Assert.True(body.GetProperty("errors").TryGetProperty(field, out _), body.ToString());
    }

    [Fact]
    public async Task Should_take_a_group_of_255_characters_and_no_longer_one()
    {
        var (status, _) = await api.AskAsync("POST", Deployments, $$"""{"action":"six","groupId":"{{new string('x', 256)}}","input":{"ledger":"x"} }""");
        Assert.Equal(400, status);
        (status, _) = await api.AskAsync("POST", Deployments, $$"""{"action":"six","groupId":"{{new string('x', 255)}}","input":{"ledger":"http://127.0.0.1:1/"} }""");
        Assert.Equal(202, status);
    }

    [Fact]
    public async Task Should_answer_404_for_one_that_does_not_exist()
    {
        var id = Guid.CreateVersion7();
        foreach (var path in (string[])["", "/errors", "/data", "/timeline", "/events"])
            Assert.Equal(404, (await api.AskAsync("GET", $"{Deployments}/{id}{path}")).Status);
        foreach (var path in (string[])["stop", "suspend", "resume", "redrive", "rollback/retry", "rollback/skip"])
            Assert.Equal(404, (await api.AskAsync("POST", $"{Deployments}/{id}/{path}")).Status);
        Assert.Equal(404, (await api.AskAsync("GET", $"{Deployments}/no-guid")).Status);
    }

    [Fact]
    public async Task Should_begin_one_deployment_for_one_idempotency_key()
    {
        var key = ("Idempotency-Key", Guid.CreateVersion7().ToString());
        var json = $$"""{"action":"six","groupId":"idem","input":{"ledger":"{{api.Ledger.Address}}"} }""";

        var (first, one) = await api.AskAsync("POST", Deployments, json, key);
        var (second, two) = await api.AskAsync("POST", Deployments, json, key, ("Prefer", "wait=20"));

        Assert.Equal((202, 200), (first, second));
        Assert.Equal(one.GetProperty("id").GetGuid(), two.GetProperty("id").GetGuid());
        Assert.Equal("Succeeded", Text(two, "outcome"));
        Assert.Equal(422, (await api.AskAsync("POST", Deployments, json.Replace("idem", "other", StringComparison.Ordinal), key)).Status);
    }

    [Fact]
    public async Task Should_begin_it_once_under_an_id_of_the_callers()
    {
        var json = $$"""{"id":"{{Guid.CreateVersion7()}}","action":"six","groupId":"g","input":{"ledger":"{{api.Ledger.Address}}"} }""";

        Assert.Equal(202, (await api.AskAsync("POST", Deployments, json)).Status);
        var (status, body) = await api.AskAsync("POST", Deployments, json);

        Assert.Equal((409, "DEPLOYMENT_EXISTS"), (status, Text(body, "code")));
    }

    [Fact]
    public async Task Should_list_by_action_status_outcome_group_and_time()
    {
        await using var ledger = await Ledger.StartAsync();
        var group = $"g{Guid.CreateVersion7():N}";
        ledger.Refuse("run two");
        var failed = await ActionsApi.BeginAsync(api.Host, ledger, group: group);
        await api.FinishedAsync(failed);
        ledger.Allow("run two");
        ledger.Hold("run three");
        var running = await ActionsApi.BeginAsync(api.Host, ledger, group: group);
        await ledger.UntilToldAsync(running, "run three");

        Assert.Equal([running, failed], await ListAsync($"groupId={group}"));
        Assert.Equal([running], await ListAsync($"groupId={group}&status=Running"));
        Assert.Equal([failed], await ListAsync($"groupId={group}&outcome=RolledBack"));
        Assert.Equal([], await ListAsync($"groupId={group}&outcome=Succeeded"));
        Assert.Equal([], await ListAsync($"groupId={group}&action=other"));
        Assert.Equal([running, failed], await ListAsync($"groupId={group}&action=six&createdAfter=2026-01-01T00:00:00Z"));
        Assert.Equal([], await ListAsync($"groupId={group}&createdBefore=2026-01-01T00:00:00Z"));
        var (_, page) = await api.AskAsync("GET", $"{Deployments}?groupId={group}&limit=1");
        Assert.Equal([failed], await ListAsync($"groupId={group}&limit=1&cursor={Text(page, "nextCursor")}"));
        Assert.Equal(400, (await api.AskAsync("GET", $"{Deployments}?status=Running,Finished")).Status);
        var (_, errors) = await api.AskAsync("GET", $"{Deployments}/{failed}/errors?job=two");
        Assert.Equal("two was refused", Text(Assert.Single(errors.GetProperty("items").EnumerateArray()), "error"));
        Assert.Equal(0, (await api.AskAsync("GET", $"{Deployments}/{failed}/errors?job=one")).Body.GetProperty("items").GetArrayLength());
        ledger.Release("run three");
    }

    [Fact]
    public async Task Should_stop_between_jobs_and_cancel_the_running_one()
    {
        await using var ledger = await Ledger.StartAsync();
        ledger.Hold("run three");
        var id = await ActionsApi.BeginAsync(api.Host, ledger);
        await ledger.UntilToldAsync(id, "run three");

        Assert.Equal(202, (await api.AskAsync("POST", $"{Deployments}/{id}/stop")).Status);
        var finished = await api.FinishedAsync(id);

        Assert.Equal(("Stopped", "action execution was stopped by a user command"), (Text(finished, "outcome"), Text(finished, "rollbackError")));
        Assert.Equal(["undo three", "undo two", "undo one"], ledger.LinesOf(id).Skip(2).Select(line => string.Join(' ', line.Split(' ').Take(2))));
        var (status, refused) = await api.AskAsync("POST", $"{Deployments}/{id}/stop");
        Assert.Equal((409, "ILLEGAL_TRANSITION"), (status, Text(refused, "code")));
        Assert.Contains("Finished (Stopped)", Text(refused, "detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Should_refuse_to_stop_one_that_rolls_back()
    {
        await using var ledger = await Ledger.StartAsync();
        ledger.Refuse("run three");
        ledger.Hold("undo two");
        var id = await ActionsApi.BeginAsync(api.Host, ledger);
        await ledger.UntilToldAsync(id, "undo two");

        var (status, body) = await api.AskAsync("POST", $"{Deployments}/{id}/stop");

        Assert.Equal(409, status);
        Assert.Contains("Rollback", Text(body, "detail"), StringComparison.Ordinal);
        ledger.Release("undo two");
        Assert.Equal("RolledBack", Text(await api.FinishedAsync(id), "outcome"));
    }

    [Fact]
    public async Task Should_suspend_after_the_running_job_and_resume()
    {
        await using var ledger = await Ledger.StartAsync();
        ledger.Hold("run two");
        var id = await ActionsApi.BeginAsync(api.Host, ledger);
        await ledger.UntilToldAsync(id, "run two");

        var (status, body) = await api.AskAsync("POST", $"{Deployments}/{id}/suspend");
        Assert.Equal((202, true), (status, body.GetProperty("isSuspended").GetBoolean()));
        ledger.Release("run two");
        await Wait.UntilAsync(async () => Text((await api.AskAsync("GET", $"{Deployments}/{id}")).Body, "currentJob") is "three", "past job two");
        Assert.Equal(["run one", "run two"], ledger.LinesOf(id));
        Assert.Equal(409, (await api.AskAsync("POST", $"{Deployments}/{id}/suspend")).Status);

        Assert.Equal(202, (await api.AskAsync("POST", $"{Deployments}/{id}/resume")).Status);
        Assert.Equal("Succeeded", Text(await api.FinishedAsync(id), "outcome"));
        Assert.Equal(409, (await api.AskAsync("POST", $"{Deployments}/{id}/resume")).Status);
    }

    [Fact]
    public async Task Should_redrive_from_the_failed_job_with_its_input()
    {
        await using var ledger = await Ledger.StartAsync();
        ledger.Refuse("run four");
        var id = await ActionsApi.BeginAsync(api.Host, ledger);
        Assert.Equal("RolledBack", Text(await api.FinishedAsync(id), "outcome"));
        ledger.Allow("run four");

        Assert.Equal(409, (await api.AskAsync("POST", $"{Deployments}/{id}/redrive", """{"job":"five"}""")).Status);
        Assert.Equal(202, (await api.AskAsync("POST", $"{Deployments}/{id}/redrive")).Status);

        var finished = await api.FinishedAsync(id);
        Assert.Equal("Succeeded", Text(finished, "outcome"));
        Assert.Equal(JsonValueKind.Null, finished.GetProperty("rollbackError").ValueKind);
        Assert.Equal(["run four", "run five", "run six"], ledger.LinesOf(id).TakeLast(3));
        Assert.Equal(409, (await api.AskAsync("POST", $"{Deployments}/{id}/redrive")).Status);
    }

    [Fact]
    public async Task Should_go_on_after_a_failed_handler_and_let_an_operator_retry_it()
    {
        await using var ledger = await Ledger.StartAsync();
        ledger.Refuse("run four");
        ledger.Refuse("undo three");
        var id = await ActionsApi.BeginAsync(api.Host, ledger);
        var finished = await api.FinishedAsync(id);

        Assert.Equal("RollbackFailed", Text(finished, "outcome"));
        Assert.Contains("three", Text(finished, "incident"), StringComparison.Ordinal);
        Assert.Contains(ledger.LinesOf(id), line => line.StartsWith("undo one", StringComparison.Ordinal));
        var (_, errors) = await api.AskAsync("GET", $"{Deployments}/{id}/errors");
        Assert.Equal(["four was refused", "rollback: three was refused"], errors.GetProperty("items").EnumerateArray().Select(error => Text(error, "error")));
        ledger.Allow("undo three");

        Assert.Equal(202, (await api.AskAsync("POST", $"{Deployments}/{id}/rollback/retry")).Status);

        var retried = await api.FinishedAsync(id);
        Assert.Equal(("RolledBack", null), (Text(retried, "outcome"), Text(retried, "incident")));
        Assert.StartsWith("undo three", ledger.LinesOf(id)[^1], StringComparison.Ordinal);
        Assert.Equal(409, (await api.AskAsync("POST", $"{Deployments}/{id}/rollback/retry")).Status);
        Assert.Equal(409, (await api.AskAsync("POST", $"{Deployments}/{id}/rollback/skip")).Status);
    }

    [Fact]
    public async Task Should_end_at_a_failed_handler_where_the_action_says_so_and_go_on_when_it_is_skipped()
    {
        await using var ledger = await Ledger.StartAsync();
        ledger.Refuse("run four");
        ledger.Refuse("undo three");
        var id = await ActionsApi.BeginAsync(api.Host, ledger, "six-stop");
        Assert.Equal("RollbackFailed", Text(await api.FinishedAsync(id), "outcome"));
        Assert.DoesNotContain(ledger.LinesOf(id), line => line.StartsWith("undo two", StringComparison.Ordinal));

        Assert.Equal(409, (await api.AskAsync("POST", $"{Deployments}/{id}/rollback/skip", """{"job":"one"}""")).Status);
        Assert.Equal(202, (await api.AskAsync("POST", $"{Deployments}/{id}/rollback/skip", """{"job":"three"}""")).Status);

        Assert.Equal("RolledBack", Text(await api.FinishedAsync(id), "outcome"));
        Assert.Equal(["undo two", "undo one"], ledger.LinesOf(id).TakeLast(2).Select(line => string.Join(' ', line.Split(' ').Take(2))));
    }

    [Fact]
    public async Task Should_list_the_actions_with_their_jobs()
    {
        var (status, body) = await api.AskAsync("GET", "/api/v1/actions");

        Assert.Equal(200, status);
        var six = Assert.Single(body.GetProperty("items").EnumerateArray(), action => Text(action, "action") is "six");
        Assert.Equal("test.script", Text(six, "inputType"));
        Assert.Equal(6, six.GetProperty("jobs").GetArrayLength());
    }

    [Fact]
    public async Task Should_need_the_scope_actions()
    {
        using var response = await SharedApi.SendAsync(api.Host.Client, "POST", "/api/v1/auth/token/jobs-only");
        using var client = new HttpClient { BaseAddress = api.Host.Address };
        client.DefaultRequestHeaders.Authorization = new("Bearer", (await SharedApi.BodyAsync(response)).GetProperty("token").GetString());

        Assert.Equal(403, (int)(await SharedApi.SendAsync(client, "GET", Deployments)).StatusCode);
    }

    private async Task<IEnumerable<Guid>> ListAsync(string query) =>
        [.. (await api.AskAsync("GET", $"{Deployments}?{query}")).Body.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetGuid())];

    private static string? Text(JsonElement body, string member) =>
        body.TryGetProperty(member, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;
}
