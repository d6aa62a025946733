using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Http;

[Collection(nameof(SharedApi))]
public sealed class When_a_request_is_malformed(SharedApi api)
{
    [Fact]
    public async Task Should_say_that_there_is_nothing()
    {
        using var response = await api.SendAsync("GET", "/nowhere");
        await response.ShouldBeProblemAsync(404, "NOT_FOUND");
    }

    [Fact]
    public async Task Should_name_the_methods_that_an_address_takes()
    {
        using var response = await api.SendAsync("POST", "/api/v1/flavors", "{}");
        await response.ShouldBeProblemAsync(405, "METHOD_NOT_ALLOWED");
        Assert.Equal(["GET"], response.Content.Headers.Allow);
    }

    [Theory]
    [InlineData("{\"labels\": [}", "byte 13")]
    [InlineData("{\"id\":\"1\",\"id\":\"2\"}", "uplicate")]
    [InlineData("{\"id\":\"1\"} trailing", "byte")]
    [InlineData("[]", "object")]
    [InlineData("null", "object")]
    [InlineData("\"text\"", "object")]
    [InlineData("", "empty")]
    [InlineData("{'id': 1}", "byte 2")]
    public async Task Should_say_where_the_json_is_wrong(string body, string part)
    {
        using var response = await api.SendAsync("POST", "/api/v1/jobs/github", body);
        var problem = await response.ShouldBeProblemAsync(400, "MALFORMED_JSON");
        Assert.Contains(part, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("System.", problem.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Should_refuse_deep_nesting_and_broken_utf8()
    {
        var deep = $$"""{"id":"1","raw":{{string.Concat(Enumerable.Repeat("{\"a\":", 5000))}}1{{new string('}', 5000)}}}""";
        using (var response = await api.SendAsync("POST", "/api/v1/jobs/github", deep))
            await response.ShouldBeProblemAsync(400, "MALFORMED_JSON");
        using var content = new ByteArrayContent([.. "{\"id\":\""u8, 0xff, 0xfe, .. "\"}"u8]) { Headers = { ContentType = new("application/json") } };
        using var broken = await api.Client.PostAsync("/api/v1/jobs/github", content, TestContext.Current.CancellationToken);
        Assert.Equal(400, (int)broken.StatusCode);
        await broken.ShouldBeProblemAsync(400);
    }

    [Theory]
    [InlineData("text/plain", 415)]
    [InlineData("application/x-www-form-urlencoded", 201)]
    [InlineData("application/json; charset=utf-16", 415)]
    [InlineData("application/json; charset=utf-8", 201)]
    [InlineData("application/merge-patch+json", 201)]
    [InlineData(null, 201)]
    public async Task Should_take_json_only(string? contentType, int status)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes($$"""{"id":"{{Guid.CreateVersion7()}}"}"""));
        if (contentType is not null)
            content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        using var response = await api.Client.PostAsync("/api/v1/jobs/github", content, TestContext.Current.CancellationToken);
        if (status == 415)
            await response.ShouldBeProblemAsync(415, "UNSUPPORTED_MEDIA_TYPE");
        else
            Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Should_refuse_a_body_that_is_too_large()
    {
        var body = JsonSerializer.Serialize(new { id = "1", raw = new { text = new string('x', 1024 * 1024) } });
        using var response = await api.SendAsync("POST", "/api/v1/jobs/github", body);
        await response.ShouldBeProblemAsync(413, "BODY_TOO_LARGE");
    }

    [Theory]
    [InlineData("limit=abc", "limit")]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=99999999999999999999", "limit")]
    [InlineData("limit=1&limit=2", "limit")]
    [InlineData("state=foo", "state")]
    [InlineData("unassigned=maybe", "unassigned")]
    [InlineData("created_after=yesterday", "created_after")]
    [InlineData("created_after=0001-01-01T00:00:00Z", "created_after")]
    [InlineData("flavor=a%00b", "flavor")]
    [InlineData("label=", "label")]
    public async Task Should_name_the_query_parameter_that_is_wrong(string query, string field)
    {
        using var response = await api.SendAsync("GET", $"/api/v1/jobs/github?{query}");
        var problem = await response.ShouldBeProblemAsync(400, "INVALID_FIELD");
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _));
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("%ff")]
    [InlineData("bm9uc2Vuc2U")]
    [InlineData("MjAyNi0xMS0wMVQxMjowMDowMFo")]
    public async Task Should_refuse_a_cursor_that_is_not_ours(string cursor)
    {
        using var response = await api.SendAsync("GET", $"/api/v1/jobs/github?cursor={cursor}");
        await response.ShouldBeProblemAsync(400, "INVALID_CURSOR");
    }

    [Fact]
    public async Task Should_refuse_an_empty_platform()
    {
        using var response = await api.SendAsync("GET", "/api/v1/flavors?platform=");
        await response.ShouldBeProblemAsync(400, "INVALID_FIELD");
    }

    [Theory]
    [InlineData("GET /api/v1/flavors/%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    [InlineData("GET /api/v1/flavors/a\0b HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nX-A: \u0001\u0000\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\n\r\n", 400)]
    [InlineData("NONSENSE\r\n\r\n", 400)]
    [InlineData("POST /webhook HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400)]
    public async Task Should_give_the_servers_own_refusals_the_same_form(string request, int status)
    {
        var (head, body) = await RawAsync(request);
        Assert.StartsWith($"HTTP/1.1 {status} ", head, StringComparison.Ordinal);
        Assert.Contains("Content-Type: application/problem+json", head, StringComparison.Ordinal);
        Assert.Equal("BAD_REQUEST", JsonElement.Parse(body).GetProperty("code").GetString());
    }

    [Fact]
    public async Task Should_refuse_headers_that_are_too_large()
    {
        var (head, body) = await RawAsync($"GET / HTTP/1.1\r\nHost: a\r\nX-A: {new string('x', 64 * 1024)}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 431 ", head, StringComparison.Ordinal);
        Assert.Equal(431, JsonElement.Parse(body).GetProperty("status").GetInt32());
    }

    private async Task<(string Head, string Body)> RawAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(api.Host.Address.Host, api.Host.Address.Port, TestContext.Current.CancellationToken);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);
        var text = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return (text[..end], text[(end + 4)..]);
    }
}
