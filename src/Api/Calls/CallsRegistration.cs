using Orchestrator.Api.Auth;

namespace Orchestrator.Api.Calls;

/// <summary>The routes of functions.</summary>
public static class CallsRegistration
{
    public static IServiceCollection AddCallsApi(this IServiceCollection services)
    {
        services.AddSingleton<FnRequests>();
        services.AddSingleton<FnInvocations>();
        services.AddSingleton<CallWait>();
        return services;
    }

    public static IEndpointRouteBuilder MapCalls(this IEndpointRouteBuilder endpoints)
    {
        var v2 = endpoints.MapGroup("/v2").RequireScope(Scopes.Calls);
        v2.MapFnApps();
        v2.MapFns();
        v2.MapFnTriggers();
        v2.MapFnCalls();
        v2.MapFnSchedules();
        endpoints.MapInvoke();
        return endpoints;
    }
}
