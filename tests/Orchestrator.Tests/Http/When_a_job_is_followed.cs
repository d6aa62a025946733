using System.Diagnostics;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Http;

[Collection(nameof(SharedApi))]
public sealed class When_a_job_is_followed(SharedApi api)
{
    private readonly string _platform = SharedApi.NewPlatform();

    private string Path => $"/api/v1/jobs/{_platform}/1";

    [Fact]
    public async Task Should_list_what_happened_page_by_page()
    {
        await RunAsync();
        var (_, first) = await api.AskAsync("GET", $"{Path}/events?limit=2");
        Assert.Equal(["unmatched", "started"], first.GetProperty("items").EnumerateArray().Select(line => line.GetProperty("what").GetString()!));
        Assert.Equal("admin", first.GetProperty("items")[0].GetProperty("actor").GetString());
        var (_, second) = await api.AskAsync("GET", $"{Path}/events?limit=2&cursor={first.GetProperty("next_cursor").GetString()}");
        Assert.Equal("completed", second.GetProperty("items")[0].GetProperty("what").GetString());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, second.GetProperty("next_cursor").ValueKind);
    }

    [Fact]
    public async Task Should_stream_what_happens_and_go_on_after_the_last_event()
    {
        await api.AskAsync("POST", $"/api/v1/jobs/{_platform}", """{"id":"1"}""");
        using var stream = await LineStream.OpenAsync(api.Client, $"{Path}/events", ("Accept", "text/event-stream"));
        Assert.Equal("text/event-stream", stream.ContentType);
        Assert.Equal("event: unmatched", await stream.NextAsync(line => line.StartsWith("event:", StringComparison.Ordinal)));
        await api.AskAsync("PATCH", Path, """{"started_at":"2026-11-01T12:00:00Z"}""");
        var id = await stream.NextAsync(line => line.StartsWith("id:", StringComparison.Ordinal));
        Assert.Equal("event: started", await stream.NextAsync(line => line.Length > 0));
        Assert.Contains("\"actor\":\"admin\"", await stream.NextAsync(line => line.StartsWith("data:", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal(": heartbeat", await stream.NextAsync(line => line.StartsWith(':')));

        await api.AskAsync("PATCH", Path, """{"completed_at":"2026-11-01T12:00:00Z"}""");
        using var resumed = await LineStream.OpenAsync(api.Client, $"{Path}/events", ("Accept", "text/event-stream"), ("Last-Event-ID", id[4..]));
        Assert.Equal("event: completed", await resumed.NextAsync(line => line.StartsWith("event:", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Should_wait_for_the_end_when_that_is_preferred()
    {
        await api.AskAsync("POST", $"/api/v1/jobs/{_platform}", """{"id":"1"}""");
        var clock = Stopwatch.StartNew();
        var waiting = api.SendAsync("GET", Path, null, ("Prefer", "wait=30"));
        await Task.WhenAny(waiting, api.AskAsync("GET", Path));
        Assert.Equal(204, (await api.AskAsync("PATCH", Path, """{"completed_at":"2026-11-01T12:00:00Z"}""")).Status);
        using var response = await waiting;
        Assert.Equal("wait=30", response.Headers.GetValues("Preference-Applied").Single());
        Assert.True((await SharedApi.BodyAsync(response)).TryGetProperty("completed_at", out _));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"{clock.Elapsed}");
    }

    [Fact]
    public async Task Should_answer_when_the_time_is_up()
    {
        await api.AskAsync("POST", $"/api/v1/jobs/{_platform}", """{"id":"1"}""");
        using var response = await api.SendAsync("GET", Path, null, ("Prefer", "wait=1"));
        Assert.Equal(200, (int)response.StatusCode);
        Assert.False((await SharedApi.BodyAsync(response)).TryGetProperty("completed_at", out _));
        using var nonsense = await api.SendAsync("GET", Path, null, ("Prefer", "wait=long"));
        Assert.False(nonsense.Headers.Contains("Preference-Applied"));
    }

    [Fact]
    public async Task Should_say_when_there_is_no_such_job()
    {
        using var response = await api.SendAsync("GET", $"{Path}/events");
        await response.ShouldBeProblemAsync(404, "JOB_NOT_FOUND");
    }

    private async Task RunAsync()
    {
        await api.AskAsync("POST", $"/api/v1/jobs/{_platform}", """{"id":"1"}""");
        await api.AskAsync("PATCH", Path, """{"started_at":"2026-11-01T12:00:00Z"}""");
        await api.AskAsync("PATCH", Path, """{"completed_at":"2026-11-01T12:00:00Z"}""");
    }
}
