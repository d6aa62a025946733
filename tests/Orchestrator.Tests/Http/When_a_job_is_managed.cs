using System.Security.Cryptography;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Http;

[Collection(nameof(SharedApi))]
public sealed class When_a_job_is_managed(SharedApi api)
{
    private readonly string _platform = SharedApi.NewPlatform();

    [Fact]
    public async Task Should_add_assign_start_complete_and_delete_it()
    {
        await api.AskAsync("POST", $"/api/v1/flavors/large?platform={_platform}", """{"labels":["large"]}""");
        using (var added = await api.SendAsync(
            "POST", $"/api/v1/jobs/{_platform}",
            """{"id":"a/b c","labels":["LARGE"],"created_at":"2026-11-01T12:00:00+02:00","raw":{"queued":{"n":1}}}"""))
        {
            Assert.Equal(201, (int)added.StatusCode);
            Assert.Equal($"/api/v1/jobs/{_platform}/a%2Fb%20c", added.Headers.Location!.OriginalString);
        }

        var path = $"/api/v1/jobs/{_platform}/a%2Fb%20c";
        var (status, job) = await api.AskAsync("GET", path);
        Assert.Equal(200, status);
        Assert.Equal("a/b c", job.GetProperty("id").GetString());
        Assert.Equal("2026-11-01T10:00:00Z", job.GetProperty("created_at").GetString());
        Assert.Equal("large", job.GetProperty("assigned_flavor").GetString());
        Assert.Equal(32, job.GetProperty("trace_id").GetString()!.Length);
        Assert.Equal(1, job.GetProperty("raw").GetProperty("queued").GetProperty("n").GetInt32());
        Assert.False(job.TryGetProperty("started_at", out _));
        Assert.False(job.TryGetProperty("completed_at", out _));
        Assert.Equal(1, (await api.AskAsync("GET", $"/api/v1/flavors/large/pressure?platform={_platform}")).Body.GetProperty("large").GetInt64());

        Assert.Equal(204, (await api.AskAsync("PATCH", path, "{}")).Status);
        Assert.Equal(204, (await api.AskAsync("PATCH", path, """{"started_at":"2026-11-01T12:00:00Z"}""")).Status);
        Assert.Equal(204, (await api.AskAsync("PATCH", path, """{"completed_at":"2026-11-01T12:01:00.123456789Z"}""")).Status);
        (_, job) = await api.AskAsync("GET", path);
        Assert.Equal("2026-11-01T12:00:00Z", job.GetProperty("started_at").GetString());
        Assert.Equal("2026-11-01T12:01:00.123456Z", job.GetProperty("completed_at").GetString());
        Assert.Equal("large", job.GetProperty("assigned_flavor").GetString());
        Assert.Equal(0, (await api.AskAsync("GET", $"/api/v1/flavors/_/pressure?platform={_platform}")).Body.GetProperty("large").GetInt64());

        Assert.Equal(204, (await api.AskAsync("DELETE", path)).Status);
        using (var gone = await api.SendAsync("DELETE", path))
            await gone.ShouldBeProblemAsync(404, "JOB_NOT_FOUND");
        using var again = await api.SendAsync("POST", $"/api/v1/jobs/{_platform}", """{"id":"a/b c"}""");
        await again.ShouldBeProblemAsync(409, "JOB_DELETED");
    }

    [Fact]
    public async Task Should_refuse_a_job_that_is_known_and_leave_it_as_it_is()
    {
        await api.AskAsync("POST", $"/api/v1/jobs/{_platform}", """{"id":"1","raw":{"a":1}}""");
        using var again = await api.SendAsync("POST", $"/api/v1/jobs/{_platform}", """{"id":"1","raw":{"b":2}}""");
        await again.ShouldBeProblemAsync(409, "JOB_EXISTS");
        var (_, job) = await api.AskAsync("GET", $"/api/v1/jobs/{_platform}/1");
        Assert.Equal("""{"a":1}""", job.GetProperty("raw").GetRawText().Replace(" ", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Should_set_a_time_once_however_many_try()
    {
        await api.AskAsync("POST", $"/api/v1/jobs/{_platform}", """{"id":"1"}""");
        var tries = await Task.WhenAll(Enumerable.Range(0, 12).Select(i =>
            api.AskAsync("PATCH", $"/api/v1/jobs/{_platform}/1", $$"""{"started_at":"2026-11-01T12:00:{{i + 10}}Z"}""")));
        Assert.Single(tries, one => one.Status == 204);
        Assert.Equal(11, tries.Count(one => one.Status == 400 && one.Body.GetProperty("code").GetString() is "ALREADY_SET"));
    }

    [Fact]
    public async Task Should_add_a_job_once_however_many_try()
    {
        for (var round = 0; round < 5; round++)
        {
            var tries = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ =>
                api.AskAsync("POST", $"/api/v1/jobs/{_platform}", $$"""{"id":"round-{{round}}"}""")));
            Assert.Single(tries, one => one.Status == 201);
            Assert.Equal(11, tries.Count(one => one.Status == 409 && one.Body.GetProperty("code").GetString() is "JOB_EXISTS"));
        }
    }

    [Fact]
    public async Task Should_keep_the_time_of_creation_when_another_time_is_set()
    {
        await api.AskAsync("POST", $"/api/v1/jobs/{_platform}", """{"id":"1","created_at":"2026-11-01T12:00:00Z"}""");
        Assert.Equal(204, (await api.AskAsync("PATCH", $"/api/v1/jobs/{_platform}/1", """{"started_at":"2026-11-01T11:00:00Z"}""")).Status);
        Assert.Equal(204, (await api.AskAsync("PATCH", $"/api/v1/jobs/{_platform}/1", """{"completed_at":"2026-11-01T10:00:00Z"}""")).Status);
        var (_, job) = await api.AskAsync("GET", $"/api/v1/jobs/{_platform}/1");
        Assert.Equal("2026-11-01T12:00:00Z", job.GetProperty("created_at").GetString());
    }

    [Fact]
    public async Task Should_refuse_bytes_in_a_payload_that_are_no_text()
    {
        byte[] body = [.. """{"id":"1","raw":{"a":"?"}}"""u8.ToArray().Select(b => b == '?' ? (byte)0xff : b)];
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/jobs/{_platform}") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        using var response = await api.Client.SendAsync(request, TestContext.Current.CancellationToken);
        await response.ShouldBeProblemAsync(400, "INVALID_FIELD");
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    public async Task Should_not_be_found_under_a_name_that_is_too_long(string method)
    {
        // An index holds what compresses well.
        var name = RandomNumberGenerator.GetHexString(7000);
        foreach (var path in (string[])[$"{_platform}/{name}", $"{name}/1"])
        {
            using var response = await api.SendAsync(method, $"/api/v1/jobs/{path}", method is "PATCH" ? "{}" : null);
            await response.ShouldBeProblemAsync(404, "JOB_NOT_FOUND");
        }
    }

    [Theory]
    [InlineData("{}", "id")]
    [InlineData("""{"id":""}""", "id")]
    [InlineData("""{"id":7}""", "id")]
    [InlineData("""{"id":"1","raw":[]}""", "raw")]
    [InlineData("""{"id":"1","created_at":"yesterday"}""", "created_at")]
    [InlineData("""{"id":"1","created_at":"2026-11-01T12:00:00"}""", "created_at")]
    [InlineData("""{"id":"1","created_at":"0001-01-01T00:00:00Z"}""", "created_at")]
    [InlineData("""{"id":"1","created_at":"2026-13-01T00:00:00Z"}""", "created_at")]
    public async Task Should_name_the_field_that_is_wrong(string body, string field)
    {
        using var response = await api.SendAsync("POST", $"/api/v1/jobs/{_platform}", body);
        var problem = await response.ShouldBeProblemAsync(400, "INVALID_FIELD");
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.GetRawText());
    }

    [Theory]
    [InlineData("""{"id":"1","raw":{"a":"\u0000"}}""")]
    [InlineData("""{"id":"1","raw":{"a":"\ud800"}}""")]
    [InlineData("""{"id":"1","raw":{"a":1e999999}}""")]
    public async Task Should_refuse_a_payload_that_the_database_cannot_hold(string body)
    {
        using var response = await api.SendAsync("POST", $"/api/v1/jobs/{_platform}", body);
        await response.ShouldBeProblemAsync(400, "INVALID_VALUE");
    }
}
