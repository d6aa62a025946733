using System.Net;
using System.Text.Json;
using Orchestrator.Local.Run;

namespace Orchestrator.Local.Examples.Functions;

/// <summary>The app <c>examples</c> with the functions of <c>examples/functions</c>, and a public trigger for each.</summary>
internal sealed class FunctionExamples : IExample
{
    public const string App = "examples";

    public IEnumerable<KeyValuePair<string, string>> Settings => [new("Functions__Root", RunPaths.Functions)];

    public async Task RegisterAsync(RunContext run, CancellationToken cancellationToken)
    {
        FunctionFolders.Install();
        var app = await EnsureAsync(run.Api, "/v2/apps", $"name={App}", new { name = App }, cancellationToken);
        if (FunctionFolders.HasNode)
            await RegisterAsync(run.Api, app, "hello-node", memory: 128, cancellationToken);
        else
            run.Console.Failure("hello-node is left out: its FDK could not be installed from npm.");
        await RegisterAsync(run.Api, app, "hello-dotnet", memory: 256, cancellationToken);
    }

    private static async Task RegisterAsync(HttpClient api, string app, string name, int memory, CancellationToken cancellationToken)
    {
        var fn = await EnsureAsync(
            api, "/v2/fns", $"app_id={app}&name={name}",
            new { name, app_id = app, image = $"{name}:{FunctionFolders.Version}", memory, timeout = 30, idle_timeout = 60 }, cancellationToken);
        await EnsureAsync(
            api, "/v2/triggers", $"app_id={app}&fn_id={fn}&name={name}",
            new { name, app_id = app, fn_id = fn, type = "http", source = $"/{name}" }, cancellationToken);
    }

    // Its id, whether it is new or from an earlier run.
    private static async Task<string> EnsureAsync(HttpClient api, string path, string query, object body, CancellationToken cancellationToken)
    {
        using var made = await api.PostAsJsonAsync(path, body, cancellationToken);
        if (made.IsSuccessStatusCode)
            return (await made.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)).GetProperty("id").GetString()!;
        if (made.StatusCode is not HttpStatusCode.Conflict)
            throw new HttpRequestException($"POST {path}: {(int)made.StatusCode} {await made.Content.ReadAsStringAsync(cancellationToken)}");
        var found = await api.GetFromJsonAsync<JsonElement>($"{path}?{query}", cancellationToken);
        return found.GetProperty("items")[0].GetProperty("id").GetString()!;
    }
}
