using System.Text;
using System.Text.Json;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Calls;

/// <summary>One host with functions for all tests of calls; each test uses an app of its own.</summary>
[CollectionDefinition(nameof(SharedFunctions))]
public sealed class SharedFunctionsCollection : ICollectionFixture<SharedFunctions>;

/// <inheritdoc cref="SharedFunctionsCollection"/>
public sealed class SharedFunctions(Servers servers) : IAsyncLifetime
{
    public const string CallbackSecret = "callback-secret-of-the-tests";

    public Place Place { get; private set; } = null!;

    public Host Host { get; private set; } = null!;

    public HttpClient Client => Host.Client;

    public async ValueTask InitializeAsync()
    {
        await TestFunctions.PrepareAsync();
        Place = await servers.CreatePlaceAsync();
        Host = await Host.StartAllAsync(
            Place,
            [
                .. TestFunctions.Settings, Host.Only("calls,actions"), ("Calls__CallbackSecret", CallbackSecret), ("Calls__DetachedPlacementBudget", "00:00:02"),
                ("Calls__MaxRequestBytes", "1048576"), ("Outbound__Allow__0", "127.0.0.1"),
            ]);
    }

    public async ValueTask DisposeAsync()
    {
        if (Host is not null)
            await Host.DisposeAsync();
        if (Place is not null)
            await Place.DisposeAsync();
    }

    /// <summary>Makes an app with one fn that runs the probe.</summary>
    public Task<FnUnderTest> DeployAsync(object? settings = null) => FnUnderTest.DeployAsync(Client, settings);
}

/// <summary>A fn that runs the probe, which does what its body says, and what can be asked of its calls.</summary>
public sealed class FnUnderTest
{
    private readonly HttpClient _client;

    private FnUnderTest(HttpClient client, string appName, string appId, string id) =>
        (_client, AppName, AppId, Id) = (client, appName, appId, id);

    public string AppName { get; }

    public string AppId { get; }

    public string Id { get; }

    /// <summary>Makes an app and a fn in it; <paramref name="settings"/> are added to the fn's.</summary>
    public static async Task<FnUnderTest> DeployAsync(HttpClient client, object? settings = null)
    {
        var appName = FnApi.NewName();
        var app = await SendAsync(client, "POST", "/v2/apps", JsonSerializer.Serialize(new { name = appName }));
        var appId = app.Body.GetProperty("id").GetString()!;
        var fn = JsonSerializer.SerializeToNode(settings ?? new { })!.AsObject();
        fn["name"] = "probe";
        fn["app_id"] = appId;
        fn["image"] ??= TestFunctions.Probe;
        var made = await SendAsync(client, "POST", "/v2/fns", fn.ToJsonString());
        Assert.True(made.Status == 200, $"{made.Status}: {made.Body}");
        return new FnUnderTest(client, appName, appId, made.Body.GetProperty("id").GetString()!);
    }

    public async Task<HttpResponseMessage> InvokeAsync(string body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/invoke/{Id}") { Content = new StringContent(body, Encoding.UTF8, "text/plain") };
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await _client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>Has a call accepted and gives its id.</summary>
    public async Task<string> AcceptAsync(string body, params (string Name, string Value)[] headers)
    {
        using var response = await InvokeAsync(body, [("Fn-Invoke-Type", "async"), .. headers]);
        var accepted = await SharedApi.BodyAsync(response);
        Assert.True((int)response.StatusCode == 202, $"{(int)response.StatusCode}: {accepted}");
        var id = accepted.GetProperty("call_id").GetString()!;
        Assert.Equal(id, response.Headers.GetValues("Fn-Call-Id").Single());
        Assert.Equal($"/v2/fns/{Id}/calls/{id}", response.Headers.Location!.OriginalString);
        return id;
    }

    public Task<(int Status, JsonElement Body)> AskAsync(string method, string path, string? json = null) =>
        SendAsync(_client, method, $"/v2/fns/{Id}/calls{path}", json);

    /// <summary>The call once it is in a state.</summary>
    public Task<JsonElement> UntilAsync(string callId, string status, TimeSpan? patience = null) => Wait.ForAsync(
        async () => (await AskAsync("GET", $"/{callId}")).Body,
        call => call.TryGetProperty("status", out var now) && now.GetString() == status, $"{status}: call {callId}", patience);

    /// <summary>The call once it has ended, however.</summary>
    public Task<JsonElement> UntilEndedAsync(string callId, TimeSpan? patience = null) => Wait.ForAsync(
        async () => (await AskAsync("GET", $"/{callId}")).Body,
        call => call.TryGetProperty("status", out var now) && now.GetString() is "success" or "error" or "cancelled", $"ended: call {callId}", patience);

    private static async Task<(int Status, JsonElement Body)> SendAsync(HttpClient client, string method, string path, string? json)
    {
        using var response = await SharedApi.SendAsync(client, method, path, json);
        return ((int)response.StatusCode, await SharedApi.BodyAsync(response));
    }
}
