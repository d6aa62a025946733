using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Http;

public sealed class When_the_database_is_away(Servers servers)
{
    [Fact]
    public async Task Should_ask_clients_to_come_back()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var host = await Host.StartApiAsync(place);
        var name = new Npgsql.NpgsqlConnectionStringBuilder(place.ConnectionString).Database!;
        await servers.Postgres.ExecuteAsync($"ALTER DATABASE {name} ALLOW_CONNECTIONS false");
        await servers.Postgres.ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        foreach (var (method, path, body) in ((string, string, string?)[])[
            ("GET", "/api/v1/flavors", null), ("POST", "/api/v1/jobs/github", """{"id":"1"}"""), ("GET", "/api/v1/jobs/github/1", null),
            ("GET", "/api/v1/dead-letters", null), ("POST", "/api/v1/auth/token/a", null)])
        {
            using var response = await SharedApi.SendAsync(host.Client, method, path, body);
            await response.ShouldBeProblemAsync(503, "DATABASE_UNAVAILABLE");
            Assert.Equal(TimeSpan.FromSeconds(2), response.Headers.RetryAfter!.Delta);
        }

        await servers.Postgres.ExecuteAsync($"ALTER DATABASE {name} ALLOW_CONNECTIONS true");
        using var back = await SharedApi.SendAsync(host.Client, "GET", "/api/v1/flavors");
        Assert.Equal(200, (int)back.StatusCode);
    }
}
