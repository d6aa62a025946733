using Microsoft.Extensions.DependencyInjection;
using Orchestrator.Sagas.Hosting;

namespace Orchestrator.Sagas.Outbound;

/// <summary>The client for requests that users direct.</summary>
public static class OutboundRegistration
{
    public static IServiceCollection AddOutbound(this IServiceCollection services)
    {
        services.AddValidatedOptions<OutboundOptions>("Outbound");
        services.AddSingleton<OutboundGuard>();
        services.AddSingleton(provider => new OutboundConnector(provider.GetRequiredService<OutboundGuard>()));
        services.AddSingleton<OutboundClient>();
        return services;
    }
}
