using Orchestrator.Api.Hosting;
using Orchestrator.Sagas.Hosting;

return await HostStart.RunAsync(async () =>
{
    var builder = WebApplication.CreateBuilder(HostStart.Options(args));
    builder.AddOrchestratorApi();
    var app = builder.Build();
    app.Services.ValidateSettings();
    if (await DatabaseCommand.RunAsync(app.Services, args) is { } exitCode)
        return exitCode;
    await app.Services.MigrateIfToldAsync();
    app.MapOrchestratorApi();
    return await app.ServeAsync();
});
