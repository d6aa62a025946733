using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Calls;

[Collection(nameof(SharedApi))]
public sealed class When_triggers_are_managed(SharedApi api)
{
    [Fact]
    public async Task Should_make_read_change_find_and_delete_one()
    {
        var name = FnApi.NewName();
        var app = await api.MakeAppAsync(name);
        var fn = await api.MakeFnAsync(app);
        var other = await api.MakeFnAsync(await api.MakeAppAsync());
        var (status, trigger) = await api.AskAsync("POST", "/v2/triggers", $$"""{"name":"t","app_id":"{{app}}","fn_id":"{{fn}}","type":"http","source":"/a/b"}""");
        Assert.Equal(200, status);
        var id = trigger.GetProperty("id").GetString()!;
        Assert.Equal(
            $"{api.Host.Address.GetLeftPart(UriPartial.Authority)}/t/{name}/a/b",
            trigger.GetProperty("annotations").GetProperty("fnproject.io/trigger/httpEndpoint").GetString());
        Assert.Equal(trigger.GetRawText(), (await api.AskAsync("GET", $"/v2/triggers/{id}")).Body.GetRawText());
        Assert.Equal(trigger.GetRawText(), (await api.AskAsync("GET", $"/v2/runner/apps/{app}/triggerBySource/http/a/b")).Body.GetRawText());
        await api.ShouldFailAsync("GET", $"/v2/runner/apps/{app}/triggerBySource/http/a", null, 404, "Trigger not found");

        await api.ShouldFailAsync("POST", "/v2/triggers", $$"""{"name":"t","app_id":"{{app}}","fn_id":"{{fn}}","type":"http","source":"/c"}""", 409, "Trigger already exists");
        await api.ShouldFailAsync("POST", "/v2/triggers", $$"""{"name":"u","app_id":"{{app}}","fn_id":"{{fn}}","type":"http","source":"/a/b"}""", 409, "Trigger with the same type and source exists on this app");
        await api.ShouldFailAsync("POST", "/v2/triggers", $$"""{"name":"u","app_id":"{{app}}","fn_id":"{{other}}","type":"http","source":"/c"}""", 400, "Invalid Fn ID - not owned by specified app");
        await api.ShouldFailAsync("PUT", $"/v2/triggers/{id}", """{"id":"x"}""", 400, "ID in path does not match ID in body");
        (status, trigger) = await api.AskAsync("PUT", $"/v2/triggers/{id}", $$"""{"source":"/d","app_id":"{{other}}"}""");
        Assert.Equal((200, "/d", app), (status, trigger.GetProperty("source").GetString(), trigger.GetProperty("app_id").GetString()));

        var (_, list) = await api.AskAsync("GET", $"/v2/triggers?app_id={app}&fn_id={fn}&name=t");
        Assert.Equal(id, Assert.Single(list.GetProperty("items").EnumerateArray()).GetProperty("id").GetString());
        await api.ShouldFailAsync("GET", "/v2/triggers", null, 400, "Missing App ID on Trigger");
        Assert.Equal(204, (await api.AskAsync("DELETE", $"/v2/triggers/{id}")).Status);
        await api.ShouldFailAsync("GET", $"/v2/triggers/{id}", null, 404, "Trigger not found");
    }

    [Theory]
    [InlineData("{}", 400, "Missing App ID on Trigger")]
    [InlineData("""{"id":"x"}""", 400, "ID cannot be provided for Trigger creation")]
    [InlineData("""{"created_at":"2018-11-09T10:00:00.000Z"}""", 400, "Trigger Created At Provided for Create")]
    [InlineData("""{"updated_at":"2018-11-09T10:00:00.000Z"}""", 400, "Trigger ID Provided for Create")]
    [InlineData("""{"created_at":"0001-01-01T00:00:00.000Z","app_id":"APP"}""", 400, "Missing name on Trigger")]
    [InlineData("""{"app_id":"APP","name":"a b"}""", 400, "Invalid name for Trigger")]
    [InlineData("""{"app_id":"APP","name":"t"}""", 400, "Missing Fn ID on Trigger")]
    [InlineData("""{"app_id":"APP","name":"t","fn_id":"none"}""", 400, "Trigger Type Not Supported")]
    [InlineData("""{"app_id":"APP","name":"t","fn_id":"none","type":"http"}""", 400, "Missing Trigger Source")]
    [InlineData("""{"app_id":"APP","name":"t","fn_id":"none","type":"http","source":"x"}""", 400, "Missing Trigger Source Prefix '/'")]
    [InlineData("""{"app_id":"none","name":"t","fn_id":"none","type":"http","source":"/x"}""", 404, "App not found")]
    [InlineData("""{"app_id":"APP","name":"t","fn_id":"none","type":"http","source":"/x"}""", 404, "Fn not found")]
    public async Task Should_say_what_is_wrong_in_the_original_order(string body, int status, string message) =>
        await api.ShouldFailAsync("POST", "/v2/triggers", body.Replace("APP", await api.MakeAppAsync(), StringComparison.Ordinal), status, message);
}
