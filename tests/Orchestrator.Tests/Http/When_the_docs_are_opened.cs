using System.Text.Json;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Http;

[Collection(nameof(SharedApi))]
public sealed class When_the_docs_are_opened(SharedApi api)
{
    [Fact]
    public async Task Should_describe_every_route()
    {
        var (_, document) = await api.AskAsync("GET", "/openapi/v1.json");
        var bare = new List<string>();
        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                var name = $"{operation.Name} {path.Name}";
                if (!operation.Value.TryGetProperty("summary", out _))
                    bare.Add($"{name}: no summary");
                var responses = operation.Value.GetProperty("responses").EnumerateObject().ToList();
                if (!responses.Exists(response => response.Name.StartsWith('2')))
                    bare.Add($"{name}: no success");
                if (!path.Name.StartsWith("/api", StringComparison.Ordinal))
                    continue;
                if (!responses.Exists(response => response.Name is "401"))
                    bare.Add($"{name}: no 401");
                if (operation.Value.GetProperty("security").GetArrayLength() == 0)
                    bare.Add($"{name}: no security");
            }
        }

        Assert.Empty(bare);
        Assert.True(document.GetProperty("paths").EnumerateObject().Count() >= 15);
        Assert.Equal("bearer", document.GetProperty("components").GetProperty("securitySchemes").GetProperty("token").GetProperty("scheme").GetString());
    }

    [Fact]
    public async Task Should_name_fields_as_they_are_sent()
    {
        var (_, document) = await api.AskAsync("GET", "/openapi/v1.json");
        var flavor = document.GetProperty("components").GetProperty("schemas").GetProperty("FlavorRequest").GetProperty("properties");
        Assert.Equal(
            ["is_disabled", "labels", "maximum_pressure", "minimum_pressure", "platform", "priority", "provision"],
            flavor.EnumerateObject().Select(property => property.Name).Order(StringComparer.Ordinal));
        var created = document.GetProperty("components").GetProperty("schemas").GetProperty("JobRequest").GetProperty("properties").GetProperty("created_at");
        Assert.Equal("date-time", created.GetProperty("format").GetString());
    }

    [Fact]
    public async Task Should_serve_the_page_with_all_it_needs()
    {
        var page = await api.Client.GetStringAsync("/docs/index.html", TestContext.Current.CancellationToken);
        Assert.DoesNotContain("https://", page, StringComparison.Ordinal);
        foreach (var part in (string[])["swagger-ui-bundle.js", "swagger-ui.css", "swagger-ui-standalone-preset.js", "index.js"])
        {
            using var response = await api.SendAsync("GET", $"/docs/{part}");
            Assert.Equal(200, (int)response.StatusCode);
        }

        Assert.Contains("/openapi/v1.json", await api.Client.GetStringAsync("/docs/index.js", TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Should_tell_where_to_look()
    {
        var (_, home) = await api.AskAsync("GET", "/");
        Assert.Equal("/docs", home.GetProperty("links").GetProperty("docs").GetString());
        Assert.Equal("ok", (await api.AskAsync("GET", "/health")).Body.GetProperty("status").GetString());
        Assert.Equal("ok", (await api.AskAsync("GET", "/healthz")).Body.GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.String, (await api.AskAsync("GET", "/version")).Body.GetProperty("version").ValueKind);
    }
}
