using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Http;

[Collection(nameof(SharedApi))]
public sealed class When_a_flavor_is_managed(SharedApi api)
{
    private readonly string _platform = SharedApi.NewPlatform();

    [Fact]
    public async Task Should_add_read_change_replace_and_delete_it()
    {
        var path = $"/api/v1/flavors/large?platform={_platform}";
        using (var added = await api.SendAsync("POST", path, """{"labels":["Large","x64"],"priority":300,"minimum_pressure":2}"""))
        {
            Assert.Equal(201, (int)added.StatusCode);
            Assert.Equal(0, added.Content.Headers.ContentLength);
        }

        var (_, flavor) = await api.AskAsync("GET", path);
        Assert.Equal(["large", "x64"], flavor.GetProperty("labels").EnumerateArray().Select(label => label.GetString()!));
        Assert.Equal(300, flavor.GetProperty("priority").GetInt32());
        Assert.False(flavor.GetProperty("is_disabled").GetBoolean());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, flavor.GetProperty("maximum_pressure").ValueKind);

        Assert.Equal(204, (await api.AskAsync("PATCH", path, """{"is_disabled":true,"maximum_pressure":5}""")).Status);
        (_, flavor) = await api.AskAsync("GET", path);
        Assert.True(flavor.GetProperty("is_disabled").GetBoolean());
        Assert.Equal(5, flavor.GetProperty("maximum_pressure").GetInt32());
        Assert.Equal(300, flavor.GetProperty("priority").GetInt32());

        Assert.Equal(204, (await api.AskAsync("PATCH", path, """{"maximum_pressure":null}""")).Status);
        Assert.Equal(204, (await api.AskAsync("PUT", path, """{"labels":["small"]}""")).Status);
        (_, flavor) = await api.AskAsync("GET", path);
        Assert.Equal(0, flavor.GetProperty("priority").GetInt32());
        Assert.False(flavor.GetProperty("is_disabled").GetBoolean());

        Assert.Equal(200, (await api.AskAsync("DELETE", path)).Status);
        Assert.Equal(200, (await api.AskAsync("DELETE", path)).Status);
        using var gone = await api.SendAsync("GET", path);
        await gone.ShouldBeProblemAsync(404, "FLAVOR_NOT_FOUND");
    }

    [Fact]
    public async Task Should_tell_each_job_that_loses_or_finds_a_flavor()
    {
        await api.AskAsync("POST", $"/api/v1/flavors/one?platform={_platform}", """{"labels":["l"]}""");
        await api.AskAsync("POST", $"/api/v1/jobs/{_platform}", """{"id":"1","labels":["l"]}""");
        await api.AskAsync("PATCH", $"/api/v1/flavors/one?platform={_platform}", """{"is_disabled":true}""");
        await api.AskAsync("POST", $"/api/v1/flavors/two?platform={_platform}", """{"labels":["l"]}""");
        await api.AskAsync("PATCH", $"/api/v1/jobs/{_platform}/1", """{"started_at":"2026-11-01T12:00:00Z"}""");
        await api.AskAsync("DELETE", $"/api/v1/flavors/two?platform={_platform}");

        var lines = (await api.AskAsync("GET", $"/api/v1/jobs/{_platform}/1/events")).Body.GetProperty("items").EnumerateArray()
            .Select(line => $"{line.GetProperty("what")}: {Text(line, "from")} -> {Text(line, "to")}");

        Assert.Equal(
            [
                "assigned:  -> assigned", "unassigned: assigned -> unassigned", "assigned: unassigned -> assigned",
                "started: assigned -> running", "unassigned: running -> running",
            ],
            lines);

        static string Text(System.Text.Json.JsonElement line, string name) => line.TryGetProperty(name, out var value) ? value.GetString()! : "";
    }

    [Fact]
    public async Task Should_take_the_platform_from_body_or_query_and_github_without_either()
    {
        Assert.Equal(201, (await api.AskAsync("POST", $"/api/v1/flavors/{_platform}", "{}")).Status);
        Assert.Equal(201, (await api.AskAsync("POST", $"/api/v1/flavors/{_platform}", $$"""{"platform":"{{_platform}}"}""")).Status);
        Assert.Equal("github", (await api.AskAsync("GET", $"/api/v1/flavors/{_platform}")).Body.GetProperty("platform").GetString());
        Assert.Equal(1, (await api.AskAsync("GET", $"/api/v1/flavors?platform={_platform}")).Body.GetArrayLength());
        Assert.Equal(200, (await api.AskAsync("DELETE", $"/api/v1/flavors/{_platform}")).Status);
        Assert.Equal(200, (await api.AskAsync("GET", $"/api/v1/flavors/{_platform}?platform={_platform}")).Status);
    }

    [Fact]
    public async Task Should_refuse_a_name_that_is_taken()
    {
        Assert.Equal(201, (await api.AskAsync("POST", $"/api/v1/flavors/a?platform={_platform}", "{}")).Status);
        using var again = await api.SendAsync("POST", $"/api/v1/flavors/a?platform={_platform}", "{}");
        await again.ShouldBeProblemAsync(409, "FLAVOR_EXISTS");
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    public async Task Should_refuse_the_name_that_means_all(string method)
    {
        using var response = await api.SendAsync(method, "/api/v1/flavors/_", method is "GET" or "DELETE" ? null : """{"is_disabled":true}""");
        await response.ShouldBeProblemAsync(400, "INVALID_FIELD");
    }

    [Theory]
    [InlineData("""{"platform":""}""", "platform")]
    [InlineData("""{"priority":"high"}""", "priority")]
    [InlineData("""{"priority":99999999999}""", "priority")]
    [InlineData("""{"labels":"large"}""", "labels")]
    [InlineData("""{"labels":[1]}""", "labels[0]")]
    [InlineData("""{"labels":[null]}""", "labels")]
    [InlineData("""{"labels":["a\u0000"]}""", "labels")]
    [InlineData("""{"minimum_pressure":-1}""", "minimum_pressure")]
    [InlineData("""{"minimum_pressure":5,"maximum_pressure":4}""", "maximum_pressure")]
    [InlineData("""{"is_disabled":"yes"}""", "is_disabled")]
    public async Task Should_name_the_field_that_is_wrong(string body, string field)
    {
        using var response = await api.SendAsync("POST", $"/api/v1/flavors/{_platform}", body);
        var problem = await response.ShouldBeProblemAsync(400, "INVALID_FIELD");
        Assert.Contains($"'{field}'", problem.GetProperty("errors").GetProperty(field)[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Should_refuse_a_change_of_nothing_and_one_that_inverts_the_bounds()
    {
        var path = $"/api/v1/flavors/a?platform={_platform}";
        await api.AskAsync("POST", path, """{"minimum_pressure":3}""");
        using (var nothing = await api.SendAsync("PATCH", path, "{}"))
            await nothing.ShouldBeProblemAsync(400, "INVALID_FIELD");
        using var inverted = await api.SendAsync("PATCH", path, """{"maximum_pressure":2}""");
        var problem = await inverted.ShouldBeProblemAsync(400, "INVALID_FIELD");
        Assert.True(problem.GetProperty("errors").TryGetProperty("maximum_pressure", out _));
    }

    [Fact]
    public async Task Should_check_existence_before_the_body()
    {
        using var response = await api.SendAsync("PATCH", $"/api/v1/flavors/none?platform={_platform}", "this is not JSON");
        await response.ShouldBeProblemAsync(404, "FLAVOR_NOT_FOUND");
    }
}
