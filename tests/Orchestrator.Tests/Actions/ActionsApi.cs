using System.Text.Json;
using Orchestrator.Local.Servers;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Actions;

/// <summary>One process of ours with the ledger's actions, for the tests of actions over HTTP.</summary>
[CollectionDefinition(nameof(ActionsApi))]
public sealed class ActionsApiCollection : ICollectionFixture<ActionsApi>;

/// <inheritdoc cref="ActionsApiCollection"/>
public sealed class ActionsApi(Servers servers) : IAsyncLifetime
{
    /// <summary>The setting with which a worker of ours has the ledger's actions.</summary>
    public static readonly (string Key, string Value) Assembly = ("Actions__Assemblies__0", Checkout.Host("Orchestrator.TestActions"));

    public Place Place { get; private set; } = null!;

    public Host Host { get; private set; } = null!;

    public Ledger Ledger { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Place = await servers.CreatePlaceAsync();
        Ledger = await Ledger.StartAsync();
        Host = await Host.StartAllAsync(Place, Assembly, Host.Only("actions"));
    }

    public async ValueTask DisposeAsync()
    {
        if (Host is not null)
            await Host.DisposeAsync();
        if (Ledger is not null)
            await Ledger.DisposeAsync();
        if (Place is not null)
            await Place.DisposeAsync();
    }

    /// <summary>Sends and gives the status and the body, whatever they are.</summary>
    public Task<(int Status, JsonElement Body)> AskAsync(string method, string path, string? json = null, params (string Name, string Value)[] headers) =>
        AskAsync(Host, method, path, json, headers);

    public static async Task<(int Status, JsonElement Body)> AskAsync(
        Host host, string method, string path, string? json = null, params (string Name, string Value)[] headers)
    {
        using var response = await SharedApi.SendAsync(host.Client, method, path, json, headers);
        return ((int)response.StatusCode, await SharedApi.BodyAsync(response));
    }

    /// <summary>Begins a deployment that writes to a ledger, and gives its id.</summary>
    public static async Task<Guid> BeginAsync(Host host, Ledger ledger, string action = "six", string group = "group")
    {
        var (status, body) = await AskAsync(
            host, "POST", "/api/v1/deployments", $$"""{"action":"{{action}}","groupId":"{{group}}","input":{"ledger":"{{ledger.Address}}"} }""");
        Assert.Equal(202, status);
        return body.GetProperty("id").GetGuid();
    }

    public Task<JsonElement> FinishedAsync(Guid id) => FinishedAsync(Host, id);

    public static Task<JsonElement> FinishedAsync(Host host, Guid id, TimeSpan? patience = null) => Wait.ForAsync(
        async () => (await AskAsync(host, "GET", $"/api/v1/deployments/{id}")).Body,
        body => body.GetProperty("status").GetString() is "Finished", "finished", patience);
}
