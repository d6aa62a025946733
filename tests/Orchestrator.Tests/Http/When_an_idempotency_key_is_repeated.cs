using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Http;

[Collection(nameof(SharedApi))]
public sealed class When_an_idempotency_key_is_repeated(SharedApi api)
{
    private readonly string _platform = SharedApi.NewPlatform();
    private readonly string _key = Guid.CreateVersion7().ToString();

    [Fact]
    public async Task Should_give_the_same_answer_without_a_second_effect()
    {
        using var first = await PostAsync("""{"id":"1"}""");
        Assert.Equal(201, (int)first.StatusCode);
        await api.AskAsync("DELETE", $"/api/v1/jobs/{_platform}/1");
        using var second = await PostAsync("""{"id":"1"}""");
        Assert.Equal(201, (int)second.StatusCode);
        Assert.Equal(first.Headers.Location, second.Headers.Location);
        Assert.Equal("true", second.Headers.GetValues("Idempotent-Replayed").Single());
        Assert.Equal(404, (await api.AskAsync("GET", $"/api/v1/jobs/{_platform}/1")).Status);
    }

    [Fact]
    public async Task Should_refuse_another_body()
    {
        using var first = await PostAsync("""{"id":"1"}""");
        using var second = await PostAsync("""{"id":"2"}""");
        await second.ShouldBeProblemAsync(422, "IDEMPOTENCY_KEY_REUSED");
        Assert.Equal(404, (await api.AskAsync("GET", $"/api/v1/jobs/{_platform}/2")).Status);
    }

    [Fact]
    public async Task Should_repeat_a_refusal_too()
    {
        await api.AskAsync("POST", $"/api/v1/flavors/a?platform={_platform}", "{}");
        using (var first = await api.SendAsync("POST", $"/api/v1/flavors/a?platform={_platform}", "{}", ("Idempotency-Key", _key)))
            await first.ShouldBeProblemAsync(409, "FLAVOR_EXISTS");
        await api.AskAsync("DELETE", $"/api/v1/flavors/a?platform={_platform}");
        using var second = await api.SendAsync("POST", $"/api/v1/flavors/a?platform={_platform}", "{}", ("Idempotency-Key", _key));
        await second.ShouldBeProblemAsync(409, "FLAVOR_EXISTS");
    }

    [Fact]
    public async Task Should_have_one_effect_however_many_come_at_once()
    {
        var statuses = await Task.WhenAll(Enumerable.Range(0, 10).Select(async _ =>
        {
            using var response = await PostAsync("""{"id":"1"}""");
            return (Status: (int)response.StatusCode, Code: response.IsSuccessStatusCode ? "" : (await SharedApi.BodyAsync(response)).GetProperty("code").GetString());
        }));
        Assert.Contains(statuses, one => one.Status == 201);
        Assert.All(statuses, one => Assert.True(one is (201, "") or (409, "IDEMPOTENCY_IN_FLIGHT"), one.ToString()));
        Assert.Equal(1L, await api.Place.ScalarAsync<long>("SELECT count(*) FROM resource_event WHERE kind = 'job' AND key = $1", $"{_platform}/1"));
    }

    [Fact]
    public async Task Should_say_so_while_the_first_is_in_flight()
    {
        await using var connection = await api.Place.Source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var blocker = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using var lockPlatform = new Npgsql.NpgsqlCommand("SELECT pg_advisory_xact_lock(1, hashtext($1))", connection) { Parameters = { new() { Value = _platform } } };
        await lockPlatform.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        var first = PostAsync("""{"id":"1"}""");
        await Wait.UntilAsync(
            () => api.Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = 1 AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"),
            "waiting for the platform");
        using (var second = await PostAsync("""{"id":"1"}"""))
            await second.ShouldBeProblemAsync(409, "IDEMPOTENCY_IN_FLIGHT");
        await blocker.CommitAsync(TestContext.Current.CancellationToken);
        using var done = await first;
        Assert.Equal(201, (int)done.StatusCode);
    }

    [Fact]
    public async Task Should_never_keep_a_secret()
    {
        var path = $"/api/v1/auth/token/t{Guid.CreateVersion7():N}";
        var (status, made) = await api.AskAsync("POST", path, null, ("Idempotency-Key", _key));
        Assert.Equal(201, status);
        using var again = await api.SendAsync("POST", path, null, ("Idempotency-Key", _key));
        await again.ShouldBeProblemAsync(409, "IDEMPOTENCY_ANSWER_SECRET");
        Assert.Equal(0L, await api.Place.ScalarAsync<long>(
            "SELECT count(*) FROM idempotency_key WHERE is_secret AND octet_length(body) > 0 OR position($1::bytea IN body) > 0",
            System.Text.Encoding.UTF8.GetBytes(made.GetProperty("token").GetString()!)));
    }

    [Fact]
    public async Task Should_be_a_key_of_its_own_for_each_token_and_path()
    {
        using var other = await api.ClientWithTokenAsync();
        using var first = await PostAsync("""{"id":"1"}""");
        using var second = await SharedApi.SendAsync(other, "POST", $"/api/v1/jobs/{_platform}", """{"id":"2"}""", ("Idempotency-Key", _key));
        using var third = await api.SendAsync("POST", $"/api/v1/jobs/{_platform}x", """{"id":"3"}""", ("Idempotency-Key", _key));
        Assert.Equal([201, 201, 201], [(int)first.StatusCode, (int)second.StatusCode, (int)third.StatusCode]);
    }

    [Fact]
    public async Task Should_not_outlive_its_token()
    {
        var name = $"t{Guid.CreateVersion7():N}";
        using var old = await api.ClientWithTokenNamedAsync(name);
        using var first = await SharedApi.SendAsync(old, "POST", $"/api/v1/jobs/{_platform}", """{"id":"1"}""", ("Idempotency-Key", _key));
        Assert.Equal(201, (int)first.StatusCode);
        await api.AskAsync("DELETE", $"/api/v1/auth/token/{name}");
        using var young = await api.ClientWithTokenNamedAsync(name);
        using var second = await SharedApi.SendAsync(young, "POST", $"/api/v1/jobs/{_platform}", """{"id":"2"}""", ("Idempotency-Key", _key));
        Assert.Equal(201, (int)second.StatusCode);
        Assert.False(second.Headers.Contains("Idempotent-Replayed"));
        Assert.Equal(200, (await api.AskAsync("GET", $"/api/v1/jobs/{_platform}/2")).Status);
    }

    [Fact]
    public async Task Should_be_forgotten_after_a_day()
    {
        using var first = await PostAsync("""{"id":"1"}""");
        await api.Place.ExecuteAsync("UPDATE idempotency_key SET created_at = now() - interval '25 hours' WHERE key = $1", _key);
        using var second = await PostAsync("""{"id":"2"}""");
        Assert.Equal(201, (int)second.StatusCode);
        using var third = await PostAsync("""{"id":"2"}""");
        Assert.Equal("true", third.Headers.GetValues("Idempotent-Replayed").Single());
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\tb")]
    [InlineData("x256")]
    public async Task Should_be_printable_and_short(string key)
    {
        using var response = await api.SendAsync("POST", $"/api/v1/jobs/{_platform}", """{"id":"1"}""", ("Idempotency-Key", key is "x256" ? new string('x', 256) : key));
        Assert.Equal(400, (int)response.StatusCode);
        await response.ShouldBeProblemAsync(400);
    }

    private Task<HttpResponseMessage> PostAsync(string body) =>
        api.SendAsync("POST", $"/api/v1/jobs/{_platform}", body, ("Idempotency-Key", _key));
}
