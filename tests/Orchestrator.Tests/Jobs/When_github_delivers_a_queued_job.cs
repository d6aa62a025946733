using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Jobs;

public sealed class When_github_delivers_a_queued_job(Servers servers)
{
    [Fact]
    public async Task Should_store_and_assign_it()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var host = await Host.StartAllAsync(place, Host.Only("jobs"));
        await place.ExecuteAsync("INSERT INTO flavor (platform, name, labels) VALUES ('github', 'large', '{large}')");

        using var response = await host.Client.SendAsync(
            Deliveries.Signed(Deliveries.Body(4711, "queued", "self-hosted", "Linux", "large")), TestContext.Current.CancellationToken);

        Assert.Equal(200, (int)response.StatusCode);
        await Wait.UntilAsync(
            () => place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM job WHERE id = '4711' AND assigned_flavor = 'large')"), "assigned");
        Assert.Equal(1L, await place.ScalarAsync<long>("SELECT pressure FROM flavor_pressure WHERE name = 'large'"));
        Assert.True(await place.ScalarAsync<bool>("SELECT started_at IS NULL AND labels = '{large}' FROM job WHERE id = '4711'"));
    }
}
