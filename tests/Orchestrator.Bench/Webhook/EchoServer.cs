namespace Orchestrator.Bench.Webhook;

/// <summary>The floor for HTTP on this machine: Kestrel reads the body and answers 200.</summary>
public static class EchoServer
{
    public const string Command = "echo-server";

    public static async Task<int> RunAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        var app = builder.Build();
        app.MapGet("/health/ready", () => Results.Ok());
        app.MapPost("/webhook", async (HttpRequest request) =>
        {
            await request.Body.CopyToAsync(Stream.Null);
            return Results.Ok();
        });
        await app.RunAsync();
        return 0;
    }
}
