using System.Text.Json;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Calls;

[Collection(nameof(SharedFunctions))]
public sealed class When_an_action_invokes_a_fn(SharedFunctions functions)
{
    [Fact]
    public async Task Should_wait_for_its_answer()
    {
        var fn = await functions.DeployAsync();
        var deployment = await EndAsync(await BeginAsync(fn, "hello"));
        Assert.True(deployment.GetProperty("outcome").GetString() is "Succeeded", deployment.ToString());
        Assert.Equal(1L, await functions.Place.ScalarAsync<long>("SELECT count(*) FROM call WHERE fn_id = $1 AND status = 'success' AND actor = 'invoke-fn'", fn.Id));
    }

    [Fact]
    public async Task Should_fail_with_it_once()
    {
        var fn = await functions.DeployAsync();
        var deployment = await EndAsync(await BeginAsync(fn, "fail"));
        Assert.False(deployment.GetProperty("outcome").GetString() is "Succeeded", deployment.ToString());
        Assert.Equal(1L, await functions.Place.ScalarAsync<long>("SELECT count(*) FROM call WHERE fn_id = $1", fn.Id));
    }

    [Fact]
    public async Task Should_cancel_the_call_when_it_is_undone()
    {
        var fn = await functions.DeployAsync(new { timeout = 60 });
        var id = await BeginAsync(fn, "sleep 50000");
        await Wait.UntilAsync(() => functions.Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM call WHERE fn_id = $1 AND status = 'running')", fn.Id), "running");
        using var stopped = await SharedApi.SendAsync(functions.Client, "POST", $"/api/v1/deployments/{id}/stop", "{}");
        Assert.True(stopped.IsSuccessStatusCode, await stopped.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        await EndAsync(id);
        Assert.Equal("cancelled", await functions.Place.ScalarAsync<string>("SELECT status FROM call WHERE fn_id = $1", fn.Id));
    }

    private async Task<string> BeginAsync(FnUnderTest fn, string payload)
    {
        var action = FnApi.NewName("act");
        using var registered = await SharedApi.SendAsync(functions.Client, "POST", "/api/v1/actions", JsonSerializer.Serialize(new
        {
            action,
            jobs = new[] { new { name = "call", uses = "invoke-fn", with = new { app = fn.AppName, fn = "probe", payload } } },
        }));
        Assert.True(registered.IsSuccessStatusCode, await registered.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        using var begun = await SharedApi.SendAsync(functions.Client, "POST", "/api/v1/deployments", JsonSerializer.Serialize(new { action, groupId = "g", input = new { } }));
        var body = await SharedApi.BodyAsync(begun);
        Assert.True(begun.IsSuccessStatusCode, body.ToString());
        return body.GetProperty("id").GetString()!;
    }

    private Task<JsonElement> EndAsync(string id) => Wait.ForAsync(
        async () =>
        {
            using var response = await SharedApi.SendAsync(functions.Client, "GET", $"/api/v1/deployments/{id}");
            return await SharedApi.BodyAsync(response);
        },
        body => body.GetProperty("status").GetString() is "Finished", $"the end of deployment {id}", TimeSpan.FromSeconds(60));
}
