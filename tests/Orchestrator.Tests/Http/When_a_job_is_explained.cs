using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Http;

[Collection(nameof(SharedApi))]
public sealed class When_a_job_is_explained(SharedApi api)
{
    [Fact]
    public async Task Should_judge_every_flavor()
    {
        var platform = SharedApi.NewPlatform();
        await AddAsync("best", """{"labels":["a","b"],"priority":9}""");
        await AddAsync("second", """{"labels":["a","b"],"priority":1}""");
        await AddAsync("off", """{"labels":["a","b"],"priority":10,"is_disabled":true}""");
        await AddAsync("lacking", """{"labels":["a"],"priority":20}""");
        await api.AskAsync("POST", $"/api/v1/jobs/{platform}", """{"id":"1","labels":["A","b"]}""");

        var (status, body) = await api.AskAsync("GET", $"/api/v1/jobs/{platform}/1/explain");
        Assert.Equal(200, status);
        Assert.Equal("best", body.GetProperty("assigned_flavor").GetString());
        var flavors = body.GetProperty("flavors").EnumerateArray().ToDictionary(flavor => flavor.GetProperty("name").GetString()!);
        Assert.Equal(4, flavors.Count);
        Assert.Equal(["best"], flavors.Where(one => one.Value.GetProperty("chosen").GetBoolean()).Select(one => one.Key));
        Assert.True(flavors["second"].GetProperty("matched").GetBoolean());
        Assert.Contains("higher priority", flavors["second"].GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Contains("disabled", flavors["off"].GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.False(flavors["lacking"].GetProperty("matched").GetBoolean());
        Assert.Equal("b", flavors["lacking"].GetProperty("missing_labels")[0].GetString());

        async Task AddAsync(string name, string flavor) =>
            Assert.Equal(201, (await api.AskAsync("POST", $"/api/v1/flavors/{name}?platform={platform}", flavor)).Status);
    }

    [Fact]
    public async Task Should_say_when_there_is_no_such_job()
    {
        using var response = await api.SendAsync("GET", "/api/v1/jobs/github/none/explain");
        await response.ShouldBeProblemAsync(404, "JOB_NOT_FOUND");
    }
}
