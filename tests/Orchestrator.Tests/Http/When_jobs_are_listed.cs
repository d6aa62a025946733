using System.Text.Json;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Http;

[Collection(nameof(SharedApi))]
public sealed class When_jobs_are_listed(SharedApi api)
{
    private readonly string _platform = SharedApi.NewPlatform();

    [Fact]
    public async Task Should_give_every_job_once_page_by_page()
    {
        // Five of each second, so that the id decides within a page and across pages.
        await api.Place.ExecuteAsync(
            """
            INSERT INTO job (platform, id, created_at)
            SELECT $1, 'j' || i, '2026-11-01'::timestamptz + (i % 5) * interval '1 second' FROM generate_series(1, 25) i
            """, _platform);
        var ids = new List<string>();
        var next = $"/api/v1/jobs/{_platform}?limit=7&state=queued";
        while (next is not null)
        {
            using var response = await api.SendAsync("GET", next);
            Assert.Equal(200, (int)response.StatusCode);
            var page = await SharedApi.BodyAsync(response);
            ids.AddRange(page.EnumerateArray().Select(job => job.GetProperty("id").GetString()!));
            next = response.Headers.TryGetValues("Link", out var links) ? links.Single().Split('<', '>')[1] : null!;
        }

        var expected = Enumerable.Range(1, 25).OrderBy(i => i % 5).ThenBy(i => $"j{i}", StringComparer.Ordinal).Select(i => $"j{i}");
        Assert.Equal(expected.Order(StringComparer.Ordinal), ids.Order(StringComparer.Ordinal));
        Assert.Equal(expected.Select(id => int.Parse(id[1..]) % 5), ids.Select(id => int.Parse(id[1..]) % 5));
    }

    [Fact]
    public async Task Should_give_a_hundred_by_default_and_an_empty_array_for_an_unknown_platform()
    {
        await api.Place.ExecuteAsync("INSERT INTO job (platform, id, created_at) SELECT $1, 'j' || i, now() FROM generate_series(1, 101) i", _platform);
        Assert.Equal(100, (await api.AskAsync("GET", $"/api/v1/jobs/{_platform}")).Body.GetArrayLength());
        Assert.Equal("[]", (await api.AskAsync("GET", $"/api/v1/jobs/{_platform}x")).Body.GetRawText());
    }

    [Theory]
    [InlineData("", "done,late,queued,running")]
    [InlineData("state=queued", "late,queued")]
    [InlineData("state=running", "running")]
    [InlineData("state=completed", "done")]
    [InlineData("state=incomplete", "late,queued,running")]
    [InlineData("flavor=large", "done,running")]
    [InlineData("unassigned=true", "late,queued")]
    [InlineData("unassigned=false", "done,running")]
    [InlineData("label=A&label=b", "running")]
    [InlineData("label=a", "queued,running")]
    [InlineData("created_after=2026-11-02T00:00:00Z", "late")]
    [InlineData("created_after=2026-11-01T00:00:00Z", "late")]
    public async Task Should_restrict_to_what_is_asked(string query, string ids)
    {
        await api.Place.ExecuteAsync(
            """
            INSERT INTO job (platform, id, labels, created_at, started_at, completed_at, assigned_flavor) VALUES
                ($1, 'queued', '{a}', '2026-11-01', NULL, NULL, NULL),
                ($1, 'running', '{a,b}', '2026-11-01', now(), NULL, 'large'),
                ($1, 'done', '{}', '2026-11-01', now(), now(), 'large'),
                ($1, 'late', '{c}', '2026-11-03', NULL, NULL, NULL)
            """, _platform);
        var (status, jobs) = await api.AskAsync("GET", $"/api/v1/jobs/{_platform}?{query}");
        Assert.Equal(200, status);
        Assert.Equal(ids, string.Join(',', Ids(jobs).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public async Task Should_find_jobs_of_github_by_a_default_label_as_well()
    {
        var id = Guid.CreateVersion7().ToString();
        await api.AskAsync("POST", "/api/v1/jobs/github", $$"""{"id":"{{id}}","labels":["self-hosted","{{id}}"]}""");
        Assert.Equal([id], Ids((await api.AskAsync("GET", $"/api/v1/jobs/github?label=self-hosted&label={id}")).Body));
    }

    private static IEnumerable<string> Ids(JsonElement jobs) => jobs.EnumerateArray().Select(job => job.GetProperty("id").GetString()!);
}
