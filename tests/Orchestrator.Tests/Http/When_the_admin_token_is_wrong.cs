using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Http;

public sealed class When_the_admin_token_is_wrong(Servers servers)
{
    [Theory]
    [InlineData("Auth__AdminToken", "", "Auth:AdminToken")]
    [InlineData("Auth__AdminToken", "0123456789012345678901234567890", "Auth:AdminToken")]
    [InlineData("Auth__AdminToken", "0123456789 0123456789 0123456789 0123456789", "Auth:AdminToken")]
    [InlineData("Webhook__Secrets__0", " ", "Webhook:Secrets")]
    public async Task Should_end_the_start_with_one_line_that_names_the_key(string key, string value, string named)
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var host = await Host.LaunchAsync("Orchestrator.Api", place, (key, value));
        Assert.Equal(2, await host.Exit.WaitAsync(Wait.Patience, TestContext.Current.CancellationToken));
        var lines = (await File.ReadAllLinesAsync(host.LogFile, TestContext.Current.CancellationToken)).Where(line => line.Length > 0).ToList();
        Assert.Single(lines, line => line.Contains(named, StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains("   at ", StringComparison.Ordinal));
        if (value.Length > 1)
            Assert.DoesNotContain(lines, line => line.Contains(value, StringComparison.Ordinal));
    }
}
