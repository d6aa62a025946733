using System.Text.Json;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Calls;

[Collection(nameof(SharedApi))]
public sealed class When_fns_are_managed(SharedApi api)
{
    [Fact]
    public async Task Should_make_read_change_and_delete_one()
    {
        var app = await api.MakeAppAsync();
        var (status, fn) = await api.AskAsync("POST", "/v2/fns", $$$"""{"name":"f","app_id":"{{{app}}}","image":"demo/f:1","cpus":"1.005","annotations":{"a":"b"}}""");
        Assert.Equal(200, status);
        var id = fn.GetProperty("id").GetString()!;
        Assert.Equal(128, fn.GetProperty("memory").GetInt32());
        Assert.Equal(30, fn.GetProperty("timeout").GetInt32());
        Assert.Equal(30, fn.GetProperty("idle_timeout").GetInt32());
        Assert.Equal("1005m", fn.GetProperty("cpus").GetString());
        var endpoint = fn.GetProperty("annotations").GetProperty("fnproject.io/fn/invokeEndpoint").GetString();
        Assert.Equal($"{api.Host.Address.GetLeftPart(UriPartial.Authority)}/invoke/{id}", endpoint);
        Assert.Equal(fn.GetRawText(), (await api.AskAsync("GET", $"/v2/fns/{id}")).Body.GetRawText());

        (status, var changed) = await api.AskAsync("PUT", $"/v2/fns/{id}", """{"name":"other","image":"demo/f:2","memory":0,"timeout":300,"config":{"K":"v"}}""");
        Assert.Equal(200, status);
        Assert.Equal("f", changed.GetProperty("name").GetString());
        Assert.Equal("demo/f:2", changed.GetProperty("image").GetString());
        Assert.Equal(128, changed.GetProperty("memory").GetInt32());
        Assert.Equal(300, changed.GetProperty("timeout").GetInt32());
        (_, changed) = await api.AskAsync("PUT", $"/v2/fns/{id}", """{"config":{"K":""}}""");
        Assert.False(changed.TryGetProperty("config", out _));
        var updated = changed.GetProperty("updated_at").GetString();
        (_, changed) = await api.AskAsync("PUT", $"/v2/fns/{id}", """{"image":"demo/f:2"}""");
        Assert.Equal(updated, changed.GetProperty("updated_at").GetString());

        await api.ShouldFailAsync("PUT", $"/v2/fns/{id}", """{"id":"other","image":"demo/f:3"}""", 400, "Fn ID in path does not match that in body");
        Assert.Equal("demo/f:2", (await api.AskAsync("GET", $"/v2/fns/{id}")).Body.GetProperty("image").GetString());
        await api.ShouldFailAsync("PUT", $"/v2/fns/{id}", """{"timeout":301}""", 400, "timeout value is out of range, must be between 0 and 300");
        await api.ShouldFailAsync("POST", "/v2/fns", $$"""{"name":"f","app_id":"{{app}}","image":"x"}""", 409, "Fn with specified name already exists");
        Assert.Equal(204, (await api.AskAsync("DELETE", $"/v2/fns/{id}")).Status);
        await api.ShouldFailAsync("GET", $"/v2/fns/{id}", null, 404, "Fn not found");
        await api.ShouldFailAsync("DELETE", $"/v2/fns/{id}", null, 404, "Fn not found");
    }

    [Theory]
    [InlineData("{", "Invalid JSON")]
    [InlineData("""{"id":"x"}""", "ID cannot be provided for Fn creation")]
    [InlineData("""{"name":"f","image":"x"}""", "Missing AppID on Fn")]
    [InlineData("""{"app_id":"APP","image":"x"}""", "Missing Fn name")]
    [InlineData("""{"app_id":"APP","name":"a b","image":"x"}""", "name must be a valid string")]
    [InlineData("""{"app_id":"APP","name":"a/b","image":"x"}""", "name must be a valid string")]
    [InlineData("""{"app_id":"APP","name":"f"}""", "Missing image on Fn")]
    [InlineData("""{"app_id":"APP","name":"f","image":"x","timeout":301,"memory":9999}""", "timeout value is out of range, must be between 0 and 300")]
    [InlineData("""{"app_id":"APP","name":"f","image":"x","timeout":-1}""", "timeout value is out of range, must be between 0 and 300")]
    [InlineData("""{"app_id":"APP","name":"f","image":"x","idle_timeout":3601}""", "idle_timeout value is out of range, must be between 0 and 3600")]
    [InlineData("""{"app_id":"APP","name":"f","image":"x","memory":8193}""", "memory value is out of range. It should be between 0 and 8192")]
    [InlineData("""{"app_id":"APP","name":"f","image":"x","memory":18446744073709551615}""", "memory value is out of range. It should be between 0 and 8192")]
    [InlineData("""{"app_id":"APP","name":"f","image":"x","memory":-1}""", "Invalid JSON")]
    [InlineData("""{"app_id":"APP","name":"f","image":"x","cpus":1}""", "Invalid JSON")]
    [InlineData("""{"app_id":"APP","name":"f","image":"x","cpus":"0.0009"}""", "Cpus is invalid. Value should be either between [0.000 and 1024.000] or [0m and 1024000m] milliCPU units")]
    [InlineData("""{"app_id":"APP","name":"f","image":"x","annotations":{"":"b"}}""", "Invalid annotation key, annotation keys must be non-empty ascii strings excluding whitespace")]
    [InlineData("""{"app_id":"APP","name":"f","image":"x","annotations":{"foo bar":"b"}}""", "Invalid annotation key, annotation keys must be non-empty ascii strings excluding whitespace")]
    [InlineData("""{"app_id":"APP","name":"f","image":"x","annotations":{"é":"b"}}""", "Invalid annotation key, annotation keys must be non-empty ascii strings excluding whitespace")]
    [InlineData("""{"app_id":"APP","name":"f","image":"x","annotations":{"a":""}}""", "Invalid annotation value, annotation values may only be non-empty strings, numbers, objects, or arrays")]
    [InlineData("""{"app_id":"APP","name":"f","image":"x","annotations":{"a":null}}""", "Invalid annotation value, annotation values may only be non-empty strings, numbers, objects, or arrays")]
    public async Task Should_say_what_is_wrong_in_the_original_order(string body, string message) =>
        await api.ShouldFailAsync("POST", "/v2/fns", body.Replace("APP", await api.MakeAppAsync(), StringComparison.Ordinal), 400, message);

    [Fact]
    public async Task Should_need_an_app()
    {
        await api.ShouldFailAsync("POST", "/v2/fns", """{"app_id":"none","name":"f","image":"x"}""", 404, "App not found");
        await api.ShouldFailAsync("GET", "/v2/fns", null, 400, "Missing AppID on Fn");
        await api.ShouldFailAsync("GET", "/v2/fns?app_id=", null, 400, "Missing AppID on Fn");
    }

    [Fact]
    public async Task Should_hold_annotations_up_to_their_limits()
    {
        var app = await api.MakeAppAsync();
        async Task<(int Status, JsonElement Body)> MakeAsync(Dictionary<string, object> annotations) =>
            await api.AskAsync("POST", "/v2/fns", JsonSerializer.Serialize(new { name = FnApi.NewName("f"), app_id = app, image = "x", annotations }));

        Assert.Equal(200, (await MakeAsync(new() { [new string('k', 128)] = new string('v', 510), ["foo$bar!_+-()[]:@/<>$"] = true })).Status);
        var (status, body) = await MakeAsync(new() { [new string('k', 129)] = 1 });
        Assert.Equal((400, "Invalid annotation key length, annotation keys may not be larger than 128 bytes"), (status, body.GetProperty("message").GetString()));
        (status, body) = await MakeAsync(new() { ["k"] = new string('v', 511) });
        Assert.Equal((400, "Invalid annotation value length, annotation values may not be larger than 512 bytes when serialized as JSON"), (status, body.GetProperty("message").GetString()));
        Assert.Equal(200, (await MakeAsync(Enumerable.Range(0, 100).ToDictionary(i => $"k{i}", i => (object)i))).Status);
        (status, body) = await MakeAsync(Enumerable.Range(0, 101).ToDictionary(i => $"k{i}", i => (object)i));
        Assert.Equal((400, "Invalid annotation change, new key(s) exceed maximum permitted number of annotations keys (100)"), (status, body.GetProperty("message").GetString()));
    }

    [Fact]
    public async Task Should_go_with_their_app()
    {
        var app = await api.MakeAppAsync();
        var fn = await api.MakeFnAsync(app);
        Assert.Equal(204, (await api.AskAsync("DELETE", $"/v2/apps/{app}")).Status);
        await api.ShouldFailAsync("GET", $"/v2/fns/{fn}", null, 404, "Fn not found");
    }

    [Fact]
    public async Task Should_be_made_once_for_one_idempotency_key()
    {
        var app = await api.MakeAppAsync();
        var body = $$"""{"app_id":"{{app}}","name":"f","image":"x"}""";
        var (status, first) = await api.AskAsync("POST", "/v2/fns", body, ("Idempotency-Key", app));
        var (again, second) = await api.AskAsync("POST", "/v2/fns", body, ("Idempotency-Key", app));
        Assert.Equal((200, 200, first.GetRawText()), (status, again, second.GetRawText()));
    }
}
