using System.Diagnostics;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Http;

[Collection(nameof(SharedApi))]
public sealed class When_pressure_is_followed(SharedApi api)
{
    // The duties of the worker read the counters too, now and then.
    private const int Duties = 3;

    private readonly string _platform = SharedApi.NewPlatform();

    [Fact]
    public async Task Should_send_a_line_at_once_and_one_for_each_change_to_every_client()
    {
        await api.AskAsync("POST", $"/api/v1/flavors/large?platform={_platform}", """{"labels":["large"],"minimum_pressure":1}""");
        var streams = await Task.WhenAll(Enumerable.Range(0, 5).Select(i =>
            LineStream.OpenAsync(api.Client, $"/api/v1/flavors/{(i % 2 == 0 ? "large" : "_")}/pressure?platform={_platform}&stream=true")));
        try
        {
            foreach (var stream in streams)
            {
                Assert.Equal("application/x-ndjson", stream.ContentType);
                Assert.True(stream.Response.Headers.CacheControl!.NoCache);
                Assert.Equal("""{"large":1}""", await stream.NextAsync(patience: TimeSpan.FromSeconds(2)));
            }

            await api.AskAsync("POST", $"/api/v1/jobs/{_platform}", """{"id":"1","labels":["large"]}""");
            await api.AskAsync("POST", $"/api/v1/jobs/{_platform}", """{"id":"2","labels":["large"]}""");
            var clock = Stopwatch.StartNew();
            foreach (var stream in streams)
                Assert.Equal("""{"large":2}""", await stream.NextAsync(line => line is """{"large":2}"""));
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(1.5), $"{clock.Elapsed}");

            await api.AskAsync("DELETE", $"/api/v1/flavors/large?platform={_platform}");
            foreach (var stream in streams)
                Assert.Equal("{}", await stream.NextAsync(line => line is "{}"));
        }
        finally
        {
            foreach (var stream in streams)
                stream.Dispose();
        }
    }

    [Fact]
    public async Task Should_send_a_sign_of_life_to_each_client()
    {
        await api.AskAsync("POST", $"/api/v1/flavors/large?platform={_platform}", "{}");
        var streams = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ =>
            LineStream.OpenAsync(api.Client, $"/api/v1/flavors/large/pressure?platform={_platform}&stream=true")));
        foreach (var stream in streams)
        {
            for (var i = 0; i < 3; i++)
                Assert.Equal("""{"large":0}""", await stream.NextAsync(patience: TimeSpan.FromSeconds(4)));
            stream.Dispose();
        }
    }

    [Fact]
    public async Task Should_cost_one_reader_for_all_clients_and_none_when_they_are_gone()
    {
        await api.AskAsync("POST", $"/api/v1/flavors/large?platform={_platform}", "{}");
        var streams = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ =>
            LineStream.OpenAsync(api.Client, $"/api/v1/flavors/large/pressure?platform={_platform}&stream=true")));
        foreach (var stream in streams)
            await stream.NextAsync();
        // A reader of its own for each client would be 400 reads a second. The first reads of all are counted late.
        await Wait.UntilAsync(async () => await ReadsWithinASecondAsync() is > 0 and < 20, "one reader");
        foreach (var stream in streams)
            stream.Dispose();
        await Wait.UntilAsync(async () => await ReadsWithinASecondAsync() <= Duties, "quiet without followers");
    }

    [Fact]
    public async Task Should_say_when_there_is_no_such_flavor()
    {
        using var one = await api.SendAsync("GET", $"/api/v1/flavors/none/pressure?platform={_platform}");
        await one.ShouldBeProblemAsync(404, "FLAVOR_NOT_FOUND");
        using var all = await api.SendAsync("GET", $"/api/v1/flavors/_/pressure?platform={_platform}&stream=true");
        await all.ShouldBeProblemAsync(404, "FLAVOR_NOT_FOUND");
    }

    private async Task<long> ReadsWithinASecondAsync()
    {
        const string scans = "SELECT pg_stat_force_next_flush(), seq_scan FROM pg_stat_user_tables WHERE relname = 'pressure_delta'";
        var before = await ScansAsync();
        using var second = new PeriodicTimer(TimeSpan.FromSeconds(1));
        await second.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        return await ScansAsync() - before;

        async Task<long> ScansAsync()
        {
            await using var command = api.Place.Source.CreateCommand(scans);
            await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
            await reader.ReadAsync(TestContext.Current.CancellationToken);
            return reader.GetInt64(1);
        }
    }
}
