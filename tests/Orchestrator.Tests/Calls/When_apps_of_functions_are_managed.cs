using System.Text.Json;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Calls;

[Collection(nameof(SharedApi))]
public sealed class When_apps_of_functions_are_managed(SharedApi api)
{
    [Fact]
    public async Task Should_make_read_change_and_delete_one()
    {
        var name = FnApi.NewName();
        var (status, app) = await api.AskAsync("POST", "/v2/apps", $$$"""{"name":"{{{name}}}","config":{"A":"1","B":"2"},"annotations":{"team":{"x":[1, 2]}},"unknown":1}""");
        Assert.Equal(200, status);
        var id = app.GetProperty("id").GetString()!;
        Assert.Equal(26, id.Length);
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", app.GetProperty("created_at").GetString());
        Assert.Equal("""{"x":[1,2]}""", app.GetProperty("annotations").GetProperty("team").GetRawText());
        Assert.Equal(app.GetRawText(), (await api.AskAsync("GET", $"/v2/apps/{id}")).Body.GetRawText());

        (_, var same) = await api.AskAsync("PUT", $"/v2/apps/{id}", """{"config":{"A":"1"}}""");
        Assert.Equal(app.GetProperty("updated_at").GetString(), same.GetProperty("updated_at").GetString());
        (status, var changed) = await api.AskAsync(
            "PUT", $"/v2/apps/{id}", """{"config":{"A":"","C":"3"},"annotations":{"team":""},"syslog_url":"tcp://logs:514"}""");
        Assert.Equal(200, status);
        Assert.Equal("""{"B":"2","C":"3"}""", changed.GetProperty("config").GetRawText());
        Assert.False(changed.TryGetProperty("annotations", out _));
        Assert.Equal("tcp://logs:514", changed.GetProperty("syslog_url").GetString());
        (_, changed) = await api.AskAsync("PUT", $"/v2/apps/{id}", """{"syslog_url":""}""");
        Assert.False(changed.TryGetProperty("syslog_url", out _));

        await api.ShouldFailAsync("POST", "/v2/apps", $$"""{"name":"{{name}}"}""", 409, "App already exists");
        await api.ShouldFailAsync("PUT", $"/v2/apps/{id}", """{"name":"other"}""", 409, "Could not update - name is immutable");
        await api.ShouldFailAsync("PUT", $"/v2/apps/{id}", """{"id":"other"}""", 400, "App ID in path does not match ID in body");
        Assert.Equal(204, (await api.AskAsync("DELETE", $"/v2/apps/{id}")).Status);
        await api.ShouldFailAsync("DELETE", $"/v2/apps/{id}", null, 404, "App not found");
        await api.ShouldFailAsync("GET", $"/v2/apps/{id}", null, 404, "App not found");
        await api.ShouldFailAsync("PUT", $"/v2/apps/{id}", "nonsense", 404, "App not found");
    }

    [Theory]
    [InlineData("", "Invalid JSON")]
    [InlineData("{", "Invalid JSON")]
    [InlineData("[]", "Invalid JSON")]
    [InlineData("""{"name":1}""", "Invalid JSON")]
    [InlineData("{}", "Missing Name")]
    [InlineData("""{"name":""}""", "Missing Name")]
    [InlineData("""{"id":"x","name":"a"}""", "App ID cannot be supplied on create")]
    [InlineData("""{"name":"a b"}""", "Invalid app name")]
    [InlineData("""{"name":"a/b"}""", "Invalid app name")]
    [InlineData("""{"name":"a","shape":"ROUND"}""", "Invalid app shape")]
    [InlineData("""{"name":"a","syslog_url":"yo"}""", """invalid syslog url: "yo": invalid scheme, only [tcp, udp, unix, unixgram, tcp+tls] are supported""")]
    public async Task Should_say_what_is_wrong(string body, string message) => await api.ShouldFailAsync("POST", "/v2/apps", body, 400, message);

    [Fact]
    public async Task Should_bound_the_name()
    {
        await api.MakeAppAsync(FnApi.NewName().PadRight(255, 'x'));
        await api.ShouldFailAsync("POST", "/v2/apps", JsonSerializer.Serialize(new { name = new string('x', 256) }), 400, "App name must be 255 characters or less");
    }

    [Fact]
    public async Task Should_list_them_by_name_in_pages()
    {
        var prefix = FnApi.NewName("list");
        foreach (var suffix in (string[])["c", "a", "b"])
            await api.MakeAppAsync(prefix + suffix);
        var names = new List<string>();
        for (var cursor = System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(prefix)); cursor is not null && names.Count < 3;)
        {
            var (status, page) = await api.AskAsync("GET", $"/v2/apps?per_page=1&cursor={cursor}");
            Assert.Equal(200, status);
            names.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("name").GetString()!));
            cursor = page.TryGetProperty("next_cursor", out var next) ? next.GetString() : null;
        }

        Assert.Equal([prefix + "a", prefix + "b", prefix + "c"], names);
        var (_, one) = await api.AskAsync("GET", $"/v2/apps?name={prefix}b");
        Assert.Equal(prefix + "b", Assert.Single(one.GetProperty("items").EnumerateArray()).GetProperty("name").GetString());
        var (_, none) = await api.AskAsync("GET", "/v2/apps?name=no-such-app");
        Assert.Equal("""{"items":[]}""", none.GetRawText());
        await api.ShouldFailAsync("GET", "/v2/apps?cursor=%25", null, 400, "Invalid cursor");
    }

    [Fact]
    public async Task Should_need_a_token_for_calls()
    {
        using var open = new HttpClient { BaseAddress = api.Host.Address };
        using var nobody = await open.GetAsync("/v2/apps", TestContext.Current.CancellationToken);
        Assert.Equal(401, (int)nobody.StatusCode);
        Assert.Equal("message", Assert.Single((await SharedApi.BodyAsync(nobody)).EnumerateObject()).Name);
        using var jobs = await api.ClientWithTokenAsync("jobs");
        using var other = await jobs.GetAsync("/v2/apps", TestContext.Current.CancellationToken);
        Assert.Equal(403, (int)other.StatusCode);
        using var calls = await api.ClientWithTokenAsync("calls");
        using var right = await calls.GetAsync("/v2/apps", TestContext.Current.CancellationToken);
        Assert.Equal(200, (int)right.StatusCode);
    }

    [Fact]
    public async Task Should_answer_other_addresses_and_methods_as_the_original()
    {
        await api.ShouldFailAsync("GET", "/v2/nothing", null, 404, "Path not found: GET /v2/nothing");
        await api.ShouldFailAsync("PATCH", "/v2/apps", "{}", 405, "Method not allowed: PATCH /v2/apps");
        await api.ShouldFailAsync("GET", "/v2/fns//calls", null, 400, "Missing Fn ID");
        var (_, home) = await api.AskAsync("GET", "/");
        Assert.Equal(("https://github.com/fnproject/fn", "world!"), (home.GetProperty("goto").GetString(), home.GetProperty("hello").GetString()));
    }
}
