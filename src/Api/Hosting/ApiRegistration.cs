using Orchestrator.Api.Jobs;
using Orchestrator.Sagas.Hosting;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Workers.Hosting;

namespace Orchestrator.Api.Hosting;

/// <summary>Puts the API together; with role <c>all</c> the process is a worker too.</summary>
public static class ApiRegistration
{
    public static WebApplicationBuilder AddOrchestratorApi(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddValidatedOptions<HostOptions>("Host");
        services.AddValidatedOptions<WebhookOptions>("Webhook");
        var isWorker = builder.Configuration.GetValue("Host:Role", HostRole.All) is HostRole.All;
        builder.AddOrchestratorCore(isWorker ? "orchestrator" : "orchestrator-api");
        if (isWorker)
            services.AddWorkerServices();
        services.AddOrchestratorBus(bus =>
        {
            if (isWorker)
                bus.AddWorkerConsumers();
        });
        services.AddOrchestratorHealth();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        return builder;
    }

    public static WebApplication MapOrchestratorApi(this WebApplication app)
    {
        app.MapOrchestratorHealth();
        app.MapWebhook();
        return app;
    }
}
