using System.Text;
using System.Text.Json;

namespace Orchestrator.Tests.Infrastructure;

/// <summary>One host for all tests of the HTTP surface; each test uses a platform or names of its own.</summary>
[CollectionDefinition(nameof(SharedApi))]
public sealed class SharedApiCollection : ICollectionFixture<SharedApi>;

/// <inheritdoc cref="SharedApiCollection"/>
public sealed class SharedApi(Servers servers) : IAsyncLifetime
{
    public Place Place { get; private set; } = null!;

    public Host Host { get; private set; } = null!;

    /// <summary>Comes with the admin token.</summary>
    public HttpClient Client => Host.Client;

    public async ValueTask InitializeAsync()
    {
        Place = await servers.CreatePlaceAsync();
        Host = await Host.StartAllAsync(Place, ("Streams__Heartbeat", "00:00:01"));
    }

    public async ValueTask DisposeAsync()
    {
        if (Host is not null)
            await Host.DisposeAsync();
        if (Place is not null)
            await Place.DisposeAsync();
    }

    /// <summary>A platform that no other test uses.</summary>
    public static string NewPlatform() => $"p{Guid.CreateVersion7():N}";

    /// <summary>Sends a request with a JSON body, given as text.</summary>
    public Task<HttpResponseMessage> SendAsync(string method, string path, string? json = null, params (string Name, string Value)[] headers) =>
        SendAsync(Client, method, path, json, headers);

    public static async Task<HttpResponseMessage> SendAsync(
        HttpClient client, string method, string path, string? json = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers)
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>Sends and gives the status and the body, whatever they are.</summary>
    public async Task<(int Status, JsonElement Body)> AskAsync(string method, string path, string? json = null, params (string Name, string Value)[] headers)
    {
        using var response = await SendAsync(method, path, json, headers);
        return ((int)response.StatusCode, await BodyAsync(response));
    }

    /// <summary>The body as JSON; an empty one is Undefined.</summary>
    public static async Task<JsonElement> BodyAsync(HttpResponseMessage response)
    {
        var bytes = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        return bytes.Length == 0 ? default : JsonElement.Parse(bytes);
    }

    /// <summary>A client with a token that was made for these scopes; for the default ones when none are named.</summary>
    public Task<HttpClient> ClientWithTokenAsync(params string[] scopes) => ClientWithTokenNamedAsync($"t{Guid.CreateVersion7():N}", scopes);

    /// <inheritdoc cref="ClientWithTokenAsync"/>
    public async Task<HttpClient> ClientWithTokenNamedAsync(string name, params string[] scopes)
    {
        var (status, body) = await AskAsync("POST", $"/api/v1/auth/token/{name}", scopes.Length == 0 ? null : JsonSerializer.Serialize(new { scopes }));
        Assert.Equal(201, status);
        var client = new HttpClient { BaseAddress = Host.Address };
        client.DefaultRequestHeaders.Authorization = new("Bearer", body.GetProperty("token").GetString());
        return client;
    }
}
