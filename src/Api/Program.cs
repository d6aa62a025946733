using Orchestrator.Api.Hosting;
using Orchestrator.Sagas.Hosting;

return await HostStart.RunAsync(async () =>
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddOrchestratorApi();
    var app = builder.Build();
    if (await DatabaseCommand.RunAsync(app.Services, args) is { } exitCode)
        return exitCode;
    app.Services.ValidateSettings();
    await app.Services.MigrateIfToldAsync();
    app.MapOrchestratorApi();
    await app.RunAsync();
    return 0;
});
