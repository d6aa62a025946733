using System.Diagnostics;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Http;

public sealed class When_the_api_stops(Servers servers)
{
    [Fact]
    public async Task Should_end_streams_and_answer_those_who_wait()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var host = await Host.StartApiAsync(place);
        using var flavor = await SharedApi.SendAsync(host.Client, "POST", "/api/v1/flavors/a", "{}");
        using var job = await SharedApi.SendAsync(host.Client, "POST", "/api/v1/jobs/github", """{"id":"1"}""");
        using var pressure = await LineStream.OpenAsync(host.Client, "/api/v1/flavors/a/pressure?stream=true");
        using var events = await LineStream.OpenAsync(host.Client, "/api/v1/jobs/github/1/events", ("Accept", "text/event-stream"));
        await pressure.NextAsync();
        await events.NextAsync();
        var waiting = SharedApi.SendAsync(host.Client, "GET", "/api/v1/jobs/github/1", null, ("Prefer", "wait=60"));
        // What was sent first has been received when later requests are answered.
        for (var i = 0; i < 3; i++)
        {
            using var later = await SharedApi.SendAsync(host.Client, "GET", "/api/v1/jobs/github/1");
        }

        var clock = Stopwatch.StartNew();
        Assert.Equal(0, await host.StopAsync());
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"{clock.Elapsed}");
        using var answer = await waiting;
        Assert.Equal(200, (int)answer.StatusCode);
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (true)
                await pressure.NextAsync();
        });
    }
}
