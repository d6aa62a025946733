using Orchestrator.Sagas.Hosting;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Workers.Hosting;

return await HostStart.RunAsync(async () =>
{
    var builder = WebApplication.CreateBuilder(HostStart.Options(args));
    builder.AddOrchestratorCore("orchestrator-worker");
    builder.Services.AddWorkerServices(builder.Configuration);
    builder.Services.AddOrchestratorBus(bus => bus.AddWorkerConsumers(builder.Configuration));
    builder.Services.AddOrchestratorHealth();
    var app = builder.Build();
    app.Services.ValidateSettings();
    if (await DatabaseCommand.RunAsync(app.Services, args) is { } exitCode)
        return exitCode;
    await app.Services.MigrateIfToldAsync();
    app.MapOrchestratorHealth();
    return await app.ServeAsync();
});
