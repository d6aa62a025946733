using System.Net;
using Microsoft.Extensions.Options;
using Orchestrator.Sagas.Outbound;

namespace Orchestrator.Tests.Outbound;

/// <summary>The client with the settings, and where it matters the DNS, of a test.</summary>
internal static class OutboundStand
{
    public static OutboundGuard Guard(params string[] allow) => new(Settings(allow));

    public static OutboundClient Client(params string[] allow) => Client(Settings(allow), resolve: null);

    public static OutboundClient Client(IOptions<OutboundOptions> settings, Func<string, Task<IPAddress[]>>? resolve)
    {
        var guard = new OutboundGuard(settings);
        var connector = resolve is null ? new OutboundConnector(guard) : new OutboundConnector(guard, (host, _) => resolve(host));
        return new OutboundClient(guard, connector, settings, TimeProvider.System);
    }

    public static IOptions<OutboundOptions> Settings(params string[] allow) => Options.Create(new OutboundOptions { Allow = allow });

    public static async Task<OutboundAnswer> GetAsync(this OutboundClient client, string url, TimeSpan? timeout = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        return await client.SendAsync(request, timeout, TestContext.Current.CancellationToken);
    }
}
