using System.Globalization;
using System.Text.Json;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Actions.Declarative;

[Collection(nameof(DeclaredHost))]
public sealed class When_a_job_waits(DeclaredHost host) : IDisposable
{
    private readonly string _name = DeclaredHost.NewName();

    public void Dispose() => host.Target.Answer = (_, _) => Task.CompletedTask;

    [Fact]
    public async Task Should_poll_until_the_answer_is_as_wanted()
    {
        var polls = 0;
        host.Target.Answer = (_, context) =>
        {
            var poll = Interlocked.Increment(ref polls);
            if (poll == 1)
            {
                context.Abort(); // A target that is not up yet.
                return Task.CompletedTask;
            }

            context.Response.StatusCode = poll == 2 ? 503 : 200;
            return context.Response.WriteAsJsonAsync(new { status = new { phase = poll < 5 ? "starting" : "up" } });
        };
        await RegisterAsync($$"""{url: "{{host.Target.Address}}poll", every: 100ms, until: {path: status.phase, oneOf: [up, running]} }""");

        var output = (await host.RunAsync(_name)).GetProperty("output");

        Assert.Equal((200, "up"), (output.GetProperty("status").GetInt32(), output.GetProperty("value").GetString()));
        Assert.Equal(5, polls);
    }

    [Fact]
    public async Task Should_fail_at_once_on_what_cannot_become_right()
    {
        host.Target.Answer = (_, context) => context.Response.WriteAsJsonAsync(new { state = "broken" });
        await RegisterAsync($$"""{url: "{{host.Target.Address}}poll", until: {path: state, equals: ready}, failIf: {path: state, equals: broken} }""");

        Assert.Contains("\"broken\" at state, which is what 'failIf' names", (await host.RunAsync(_name)).GetProperty("rollbackError").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Should_fail_when_its_time_is_up_and_say_what_it_saw_last()
    {
        host.Target.Answer = (_, context) => context.Response.WriteAsJsonAsync(new { state = "starting" });
        await RegisterAsync($$"""{url: "{{host.Target.Address}}poll", every: 100ms, timeout: 1s, until: {path: state, equals: ready} }""");

        var deployment = await host.RunAsync(_name);

        Assert.Contains("within 1 s; last: 200 with \"starting\" at state", deployment.GetProperty("rollbackError").GetString(), StringComparison.Ordinal);
        Assert.Single(deployment.GetProperty("attempts").EnumerateArray());
    }

    [Fact]
    public async Task Should_wait_for_a_time_or_a_while()
    {
        await RegisterAsync("{after: \"${input.after}\"}");
        Assert.True((await host.RunAsync(_name, """{"after":"300ms"}""")).GetProperty("output").GetProperty("waited").GetDouble() >= 0.3);

        await RegisterAsync("{time: \"${input.time}\"}");
        var time = TimeProvider.System.GetUtcNow().AddSeconds(1);
        var deployment = await host.RunAsync(_name, JsonSerializer.Serialize(new { time = time.ToString("O", CultureInfo.InvariantCulture) }));
        Assert.True(deployment.GetProperty("finishedAt").GetDateTimeOffset() >= time.AddMilliseconds(-50));
        Assert.Equal("Succeeded", (await host.RunAsync(_name, """{"time":"2020-01-01T00:00:00Z"}""")).GetProperty("outcome").GetString());
    }

    [Fact]
    public async Task Should_end_when_a_user_stops_the_deployment()
    {
        await RegisterAsync("{after: 7d}");
        var id = await host.BeginAsync(_name);
        await Wait.UntilAsync(async () => (await host.AskAsync("GET", $"/api/v1/deployments/{id}")).Body.GetProperty("attempts").EnumerateArray().Any(attempt => attempt.GetProperty("state").GetString() is "Running"), "waiting");

        Assert.Equal(202, (await host.AskAsync("POST", $"/api/v1/deployments/{id}/stop")).Status);

        Assert.Equal("Stopped", (await host.EndAsync(id)).GetProperty("outcome").GetString());
    }

    [Fact]
    public async Task Should_not_wait_longer_because_its_worker_died()
    {
        await using var place = await host.NewPlaceAsync();
        await using var own = await Host.StartAllAsync(place, host.Settings);
        var registered = await SharedApi.SendAsync(own.Client, "POST", "/api/v1/actions", $$"""{"action":"{{_name}}","jobs":[{"name":"wait","uses":"wait-until","with":{"after":"6s"} }]}""");
        Assert.Equal(201, (int)registered.StatusCode);
        var begun = await SharedApi.BodyAsync(await SharedApi.SendAsync(own.Client, "POST", "/api/v1/deployments", $$"""{"action":"{{_name}}","groupId":"g"}"""));
        var id = begun.GetProperty("id").GetGuid();
        await Wait.UntilAsync(async () => await place.ScalarAsync<long>("SELECT count(*) FROM action_deployments_data WHERE deployment_id = $1 AND type = 'job'", id) == 1, "waiting");

        await own.KillAsync();
        await own.RestartAsync();
        await own.UntilReadyAsync();

        var ended = await Wait.ForAsync(
            async () => await SharedApi.BodyAsync(await SharedApi.SendAsync(own.Client, "GET", $"/api/v1/deployments/{id}")),
            body => body.GetProperty("status").GetString() is "Finished", "the end", TimeSpan.FromSeconds(60));
        Assert.Equal("Succeeded", ended.GetProperty("outcome").GetString());
        var bounds = await place.ScalarAsync<string>("SELECT data FROM action_deployments_data WHERE deployment_id = $1 AND type = 'job'", id);
        var since = JsonElement.Parse(bounds).GetProperty("since").GetDateTimeOffset();
        var waited = ended.GetProperty("output").GetProperty("waited").GetDouble();
        Assert.True(waited >= 6, $"{waited} s");
        // Counted from the first attempt: the second one, which came seconds later, waited for the rest only.
        var second = ended.GetProperty("attempts").EnumerateArray().Last();
        Assert.Equal("Lost", ended.GetProperty("attempts")[0].GetProperty("outcome").GetString());
        Assert.True(second.GetProperty("startedAt").GetDateTimeOffset() > since.AddMilliseconds(200));
        Assert.True(second.GetProperty("endedAt").GetDateTimeOffset() - second.GetProperty("startedAt").GetDateTimeOffset() < TimeSpan.FromSeconds(5.9));
    }

    private Task<JsonElement> RegisterAsync(string with) =>
        host.RegisterAsync($"action: {_name}\njobs:\n- name: wait\n  uses: wait-until\n  with: {with}\n");
}
