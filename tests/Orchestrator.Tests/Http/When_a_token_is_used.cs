using System.Net.Http.Headers;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Http;

[Collection(nameof(SharedApi))]
public sealed class When_a_token_is_used(SharedApi api)
{
    private readonly string _name = $"t{Guid.CreateVersion7():N}";

    [Fact]
    public async Task Should_show_the_secret_once_and_store_its_hash()
    {
        var (status, made) = await api.AskAsync("POST", $"/api/v1/auth/token/{_name}");
        Assert.Equal(201, status);
        Assert.Equal(_name, made.GetProperty("name").GetString());
        Assert.Equal("jobs", made.GetProperty("scopes")[0].GetString());
        var secret = made.GetProperty("token").GetString()!;
        Assert.Equal(43, secret.Length);
        Assert.True(await api.Place.ScalarAsync<bool>(
            "SELECT token_hash = sha256(decode(translate($1, '-_', '+/') || '=', 'base64')) FROM auth_token WHERE name = $2", secret, _name));

        var (_, list) = await api.AskAsync("GET", "/api/v1/auth/token");
        Assert.Contains(_name, list.GetProperty("names").EnumerateArray().Select(name => name.GetString()));
        var item = list.GetProperty("items").EnumerateArray().Single(one => one.GetProperty("name").GetString() == _name);
        Assert.False(item.TryGetProperty("last_used_at", out _));
        Assert.DoesNotContain(secret, list.GetRawText(), StringComparison.Ordinal);

        using var again = await api.SendAsync("POST", $"/api/v1/auth/token/{_name}");
        await again.ShouldBeProblemAsync(409, "TOKEN_EXISTS");
    }

    [Fact]
    public async Task Should_pass_until_it_is_deleted()
    {
        var (_, made) = await api.AskAsync("POST", $"/api/v1/auth/token/{_name}");
        var secret = made.GetProperty("token").GetString()!;
        Assert.Equal(200, await StatusAsync("/api/v1/flavors", ("Authorization", $"bEaReR {secret}")));
        Assert.Equal(200, await StatusAsync("/api/v1/flavors", ("Verification-Token", secret)));
        Assert.True(await api.Place.ScalarAsync<bool>("SELECT last_used_at > now() - interval '1 minute' FROM auth_token WHERE name = $1", _name));
        Assert.Equal(204, (await api.AskAsync("DELETE", $"/api/v1/auth/token/{_name}")).Status);
        Assert.Equal(204, (await api.AskAsync("DELETE", $"/api/v1/auth/token/{_name}")).Status);
        Assert.Equal(401, await StatusAsync("/api/v1/flavors", ("Authorization", $"Bearer {secret}")));
    }

    [Fact]
    public async Task Should_not_pass_with_one_bit_changed()
    {
        var (_, made) = await api.AskAsync("POST", $"/api/v1/auth/token/{_name}");
        var secret = made.GetProperty("token").GetString()!;
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        foreach (var at in (int[])[0, 20, 42])
        {
            var other = secret.ToCharArray();
            other[at] = alphabet[alphabet.IndexOf(secret[at], StringComparison.Ordinal) ^ 1];
            Assert.Equal(401, await StatusAsync("/api/v1/flavors", ("Authorization", $"Bearer {new string(other)}")));
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData("Basic YTpi")]
    [InlineData("nonsense")]
    public async Task Should_answer_a_malformed_header_as_the_original_does(string? header)
    {
        using var client = new HttpClient { BaseAddress = api.Host.Address };
        using var response = await SharedApi.SendAsync(client, "GET", "/api/v1/flavors", null, header is null ? [] : [("Authorization", header)]);
        var problem = await response.ShouldBeProblemAsync(400, "INVALID_AUTHORIZATION");
        Assert.Equal("invalid authorization header", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Should_challenge_a_wrong_token_and_a_missing_one_on_routes_of_our_own()
    {
        using var client = new HttpClient { BaseAddress = api.Host.Address };
        using (var wrong = await SharedApi.SendAsync(client, "GET", "/api/v1/flavors", null, ("Authorization", "Bearer wrong")))
        {
            await wrong.ShouldBeProblemAsync(401, "UNAUTHENTICATED");
            Assert.Equal("Bearer", wrong.Headers.WwwAuthenticate.Single().Scheme);
        }

        using var missing = await client.GetAsync("/api/v1/dead-letters", TestContext.Current.CancellationToken);
        await missing.ShouldBeProblemAsync(401, "UNAUTHENTICATED");
    }

    [Fact]
    public async Task Should_be_held_to_its_scopes()
    {
        using var jobs = await api.ClientWithTokenAsync();
        using var operate = await api.ClientWithTokenAsync("operate");
        await RefusedAsync(jobs, "/api/v1/dead-letters");
        await RefusedAsync(jobs, "/api/v1/auth/token");
        await RefusedAsync(operate, "/api/v1/flavors");
        using var passed = await operate.GetAsync("/api/v1/dead-letters", TestContext.Current.CancellationToken);
        Assert.Equal(200, (int)passed.StatusCode);

        static async Task RefusedAsync(HttpClient client, string path)
        {
            using var response = await client.GetAsync(path, TestContext.Current.CancellationToken);
            await response.ShouldBeProblemAsync(403, "INSUFFICIENT_SCOPE");
        }
    }

    [Theory]
    [InlineData("""{"scopes":["everything"]}""")]
    [InlineData("""{"scopes":[]}""")]
    [InlineData("""{"scopes":[null]}""")]
    [InlineData("""{"scopes":"jobs"}""")]
    public async Task Should_not_be_made_for_an_unknown_scope(string body)
    {
        using var response = await api.SendAsync("POST", $"/api/v1/auth/token/{_name}", body);
        var problem = await response.ShouldBeProblemAsync(400, "INVALID_FIELD");
        Assert.True(problem.GetProperty("errors").TryGetProperty("scopes", out _));
    }

    [Theory]
    [InlineData("/api/v1/auth/token/", 404, "NOT_FOUND")]
    [InlineData("/api/v1/auth/token", 405, "METHOD_NOT_ALLOWED")]
    public async Task Should_not_be_made_without_a_name(string path, int status, string code)
    {
        using var response = await api.SendAsync("POST", path);
        await response.ShouldBeProblemAsync(status, code);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/version")]
    [InlineData("/health")]
    [InlineData("/healthz")]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/docs/index.html")]
    public async Task Should_not_be_needed_for_what_is_open(string path)
    {
        using var client = new HttpClient { BaseAddress = api.Host.Address };
        using var response = await client.GetAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal(200, (int)response.StatusCode);
    }

    [Fact]
    public async Task Should_be_the_actor_of_what_it_does_and_stay_out_of_the_logs()
    {
        var (_, made) = await api.AskAsync("POST", $"/api/v1/auth/token/{_name}");
        var secret = made.GetProperty("token").GetString()!;
        var platform = SharedApi.NewPlatform();
        using var client = new HttpClient { BaseAddress = api.Host.Address, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", secret) } };
        using var added = await SharedApi.SendAsync(client, "POST", $"/api/v1/flavors/a?platform={platform}", "{}");
        Assert.Equal(201, (int)added.StatusCode);
        Assert.Equal(_name, await api.Place.ScalarAsync<string>("SELECT actor FROM resource_event WHERE kind = 'flavor' AND key = $1", $"{platform}/a"));
        Assert.DoesNotContain(secret, await File.ReadAllTextAsync(api.Host.LogFile, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private async Task<int> StatusAsync(string path, (string Name, string Value) header)
    {
        using var client = new HttpClient { BaseAddress = api.Host.Address };
        using var response = await SharedApi.SendAsync(client, "GET", path, null, header);
        return (int)response.StatusCode;
    }
}
