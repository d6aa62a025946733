using Orchestrator.Api.Actions;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Calls;
using Orchestrator.Api.Clones;
using Orchestrator.Api.DeadLetters;
using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Api.Instances;
using Orchestrator.Api.Jobs;
using Orchestrator.Sagas.Hosting;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Workers.Calls;
using Orchestrator.Workers.Hosting;

namespace Orchestrator.Api.Hosting;

/// <summary>Puts the API together; with role <c>all</c> the process is a worker too.</summary>
public static class ApiRegistration
{
    public static WebApplicationBuilder AddOrchestratorApi(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddValidatedOptions<HostOptions>("Host");
        services.AddValidatedOptions<AuthOptions>("Auth");
        services.AddValidatedOptions<WebhookOptions>("Webhook");
        services.AddValidatedOptions<StreamOptions>("Streams");
        var isWorker = builder.Configuration.GetValue("Host:Role", HostRole.All) is HostRole.All;
        builder.AddOrchestratorCore(isWorker ? "orchestrator" : "orchestrator-api");
        services.AddRemoteCalls();
        if (isWorker)
            services.AddWorkerServices(builder.Configuration);
        services.AddOrchestratorBus(bus =>
        {
            if (isWorker)
                bus.AddWorkerConsumers(builder.Configuration);
        });
        services.AddOrchestratorHealth();
        services.AddHttpBasics();
        services.AddApiDocument();
        services.AddSingleton<TokenGate>();
        services.AddSingleton<WebhookIntake>();
        services.AddSingleton<PressureFeed>();
        services.AddSingleton<JobWait>();
        services.AddSingleton<DeploymentWait>();
        services.AddCallsApi();
        services.AddInstancesApi();
        services.AddClonesApi();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // Readers bound bodies themselves, so that every answer says what the bound is.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.ConfigureEndpointDefaults(listen => listen.UseProblemsForRejectedRequests());
        });
        return builder;
    }

    public static WebApplication MapOrchestratorApi(this WebApplication app)
    {
        app.UseHttpBasics();
        app.UseApiPage();
        app.UseRouting();
        app.Use((http, next) => http.Request.Query.FirstOrDefault(parameter => HoldsZero(parameter.Key) || parameter.Value.Any(HoldsZero)) is { Key: { } name }
            ? throw FieldErrors.One(name, $"'{name}' holds a zero character (%00), which no value may have.")
            : next(http));
        app.UseMiddleware<TokenCheck>();
        var open = app.MapGroup("").AllowAnonymous();
        open.MapOrchestratorHealth();
        open.MapHome();
        open.MapOpenApi();
        open.MapWebhook();
        app.MapTokens();
        app.MapFlavors();
        app.MapPressure();
        app.MapJobs();
        app.MapExplain();
        app.MapJobEvents();
        app.MapDeadLetters();
        app.MapActions();
        app.MapCalls();
        app.MapInstancesPart();
        app.MapClonesApi();
        return app;
    }

    private static bool HoldsZero(string? text) => text?.Contains('\0', StringComparison.Ordinal) == true;
}
