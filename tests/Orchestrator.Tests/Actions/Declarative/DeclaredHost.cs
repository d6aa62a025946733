using System.Text.Json;
using Orchestrator.Local.Servers;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Actions.Declarative;

/// <summary>A host that may send requests to one target, reads definitions from a folder, and has the example's actions.</summary>
[CollectionDefinition(nameof(DeclaredHost))]
public sealed class DeclaredHostCollection : ICollectionFixture<DeclaredHost>;

/// <inheritdoc cref="DeclaredHostCollection"/>
public sealed class DeclaredHost(Servers servers) : IAsyncLifetime
{
    public Place Place { get; private set; } = null!;

    public Host Host { get; private set; } = null!;

    public HttpTarget Target { get; private set; } = null!;

    public string Folder { get; } = Directory.CreateTempSubdirectory("definitions-").FullName;

    /// <summary>Where the example's simulations have their folders.</summary>
    public string Simulations { get; } = Directory.CreateTempSubdirectory("simulations-").FullName;

    /// <summary>Settings for further hosts of the same place.</summary>
    public (string Key, string Value)[] Settings =>
        [
            Host.Only("actions, instances, calls, jobs"), ("Outbound__Allow__0", $"127.0.0.1:{Target.Port}"), ("Actions__Folder", Folder), ("Streams__PollInterval", "00:00:00.050"),
            ("Actions__Assemblies__0", Checkout.Host("Orchestrator.Examples.LaunchSimulation")), ("LaunchSimulation__Root", Simulations),
            ("Runtimes__ReadOnlyPaths__0", Path.GetDirectoryName(Checkout.Host("Orchestrator.Examples.LaunchSimulation"))!),
        ];

    public async ValueTask InitializeAsync()
    {
        Target = await HttpTarget.StartAsync();
        Place = await servers.CreatePlaceAsync();
        Host = await Host.StartAllAsync(Place, Settings);
    }

    public async ValueTask DisposeAsync()
    {
        if (Host is not null)
            await Host.DisposeAsync();
        if (Place is not null)
            await Place.DisposeAsync();
        if (Target is not null)
            await Target.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
        Directory.Delete(Simulations, recursive: true);
    }

    /// <summary>A place of a test's own, for what it does to hosts.</summary>
    public Task<Place> NewPlaceAsync() => servers.CreatePlaceAsync();

    /// <summary>A name that no other test uses.</summary>
    public static string NewName() => $"a{Guid.CreateVersion7():N}";

    /// <summary>Registers a definition in YAML.</summary>
    public async Task<JsonElement> RegisterAsync(string yaml)
    {
        using var response = await SendAsync("POST", "/api/v1/actions", yaml);
        var body = await SharedApi.BodyAsync(response);
        Assert.True(response.IsSuccessStatusCode, body.ToString());
        return body;
    }

    /// <summary>Sends a definition in YAML.</summary>
    public Task<HttpResponseMessage> SendAsync(string method, string path, string yaml, string contentType = "application/yaml")
    {
        var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = new StringContent(yaml) };
        request.Content.Headers.ContentType = new(contentType);
        return Host.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public async Task<(int Status, JsonElement Body)> AskAsync(string method, string path, string? json = null, params (string Name, string Value)[] headers)
    {
        using var response = await SharedApi.SendAsync(Host.Client, method, path, json, headers);
        return ((int)response.StatusCode, await SharedApi.BodyAsync(response));
    }

    /// <summary>Begins a deployment and gives its id.</summary>
    public async Task<string> BeginAsync(string action, string input = "{}")
    {
        var (status, body) = await AskAsync("POST", "/api/v1/deployments", $$"""{"action":"{{action}}","groupId":"g","input":{{input}}}""");
        Assert.True(status is 202 or 200, body.ToString());
        return body.GetProperty("id").GetString()!;
    }

    /// <summary>Waits for the end of a deployment.</summary>
    public async Task<JsonElement> EndAsync(string id)
    {
        var deployment = await Wait.ForAsync(
            async () => (await AskAsync("GET", $"/api/v1/deployments/{id}")).Body,
            body => body.GetProperty("status").GetString() is "Finished", $"the end of deployment {id}", TimeSpan.FromSeconds(60));
        return deployment;
    }

    /// <summary>Runs an action to its end.</summary>
    public async Task<JsonElement> RunAsync(string action, string input = "{}") => await EndAsync(await BeginAsync(action, input));
}
