using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Calls;

[Collection(nameof(SharedFunctions))]
public sealed class When_a_fn_has_a_schedule(SharedFunctions functions)
{
    [Fact]
    public async Task Should_be_invoked_by_the_clock_until_it_is_paused()
    {
        var fn = await functions.DeployAsync();
        var (status, schedule) = await AskAsync("POST", "", $$"""{"name":"s","fn_id":"{{fn.Id}}","cron":"* * * * * ?","payload":"tick","priority":1}""");
        Assert.True(status == 200, $"{status}: {schedule}");
        var id = schedule.GetProperty("id").GetString();
        Assert.True(schedule.TryGetProperty("next_at", out _));
        await Wait.UntilAsync(
            () => functions.Place.ScalarAsync<bool>("SELECT count(*) >= 2 FROM call WHERE fn_id = $1 AND status = 'success' AND payload = 'tick' AND priority = 1", fn.Id), "invoked twice");
        (status, schedule) = await AskAsync("PUT", $"/{id}", """{"paused":true}""");
        Assert.Equal((200, true, false), (status, schedule.GetProperty("paused").GetBoolean(), schedule.TryGetProperty("next_at", out _)));
        // One time, one call.
        Assert.Equal(0L, await functions.Place.ScalarAsync<long>(
            "SELECT count(*) FROM (SELECT date_trunc('second', created_at), count(*) FROM call WHERE fn_id = $1 GROUP BY 1 HAVING count(*) > 2) twice", fn.Id));
        Assert.Equal(200, (await AskAsync("GET", $"?fn_id={fn.Id}")).Status);
        Assert.Equal(204, (await AskAsync("DELETE", $"/{id}")).Status);
        Assert.Equal(404, (await AskAsync("GET", $"/{id}")).Status);
    }

    [Fact]
    public async Task Should_go_with_its_fn()
    {
        var fn = await functions.DeployAsync();
        var (_, schedule) = await AskAsync("POST", "", $$"""{"name":"s","fn_id":"{{fn.Id}}","cron":"0 3 * * *","time_zone":"Europe/Berlin"}""");
        using var deleted = await SharedApi.SendAsync(functions.Client, "DELETE", $"/v2/fns/{fn.Id}");
        Assert.Equal(204, (int)deleted.StatusCode);
        Assert.Equal(404, (await AskAsync("GET", $"/{schedule.GetProperty("id").GetString()}")).Status);
        Assert.Equal(0L, await functions.Place.ScalarAsync<long>("SELECT count(*) FROM cron_schedule WHERE key = $1", schedule.GetProperty("id").GetString()!));
    }

    [Theory]
    [InlineData("{}", "Missing Fn ID on Schedule")]
    [InlineData("""{"fn_id":"FN"}""", "Missing name on Schedule")]
    [InlineData("""{"fn_id":"FN","name":"a b"}""", "Invalid name for Schedule")]
    [InlineData("""{"fn_id":"FN","name":"s"}""", "Missing cron on Schedule")]
    [InlineData("""{"fn_id":"FN","name":"s","cron":"every day"}""", "cron is invalid: ")]
    [InlineData("""{"fn_id":"FN","name":"s","cron":"0 3 * * *","time_zone":"Mars/Olympus"}""", "cron is invalid: ")]
    [InlineData("""{"fn_id":"FN","name":"s","cron":"0 3 * * *","priority":3}""", "priority value is out of range, must be between 0 and 2")]
    [InlineData("""{"fn_id":"FN","name":"s","cron":"0 3 * * *","payload":"%","payload_encoding":"base64"}""", "payload is invalid")]
    public async Task Should_say_what_is_wrong(string body, string message)
    {
        var fn = await functions.DeployAsync();
        var (status, answer) = await AskAsync("POST", "", body.Replace("FN", fn.Id, StringComparison.Ordinal));
        Assert.Equal(400, status);
        Assert.StartsWith(message, answer.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    private async Task<(int Status, System.Text.Json.JsonElement Body)> AskAsync(string method, string path, string? json = null)
    {
        using var response = await SharedApi.SendAsync(functions.Client, method, $"/v2/schedules{path}", json);
        return ((int)response.StatusCode, await SharedApi.BodyAsync(response));
    }
}
