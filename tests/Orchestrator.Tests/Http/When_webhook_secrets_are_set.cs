using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Http;

public sealed class When_webhook_secrets_are_set(Servers servers)
{
    [Fact]
    public async Task Should_accept_each_of_several()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var host = await Host.StartApiAsync(place, ("Webhook__Secrets__0", "old"), ("Webhook__Secrets__1", "new"));
        Assert.Equal(200, await StatusAsync(host, "old"));
        Assert.Equal(200, await StatusAsync(host, "new"));
        Assert.Equal(403, await StatusAsync(host, "other"));
    }

    [Fact]
    public async Task Should_answer_503_without_any()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var host = await Host.StartApiAsync(place, ("Webhook__Secrets__0", null!));
        using var response = await host.Client.SendAsync(Deliveries.Signed("{}", eventName: "push"), TestContext.Current.CancellationToken);
        await response.ShouldBeProblemAsync(503, "WEBHOOK_NOT_CONFIGURED");
    }

    private static async Task<int> StatusAsync(Host host, string secret)
    {
        using var response = await host.Client.SendAsync(Deliveries.Signed("{}", secret, "push"), TestContext.Current.CancellationToken);
        return (int)response.StatusCode;
    }
}
