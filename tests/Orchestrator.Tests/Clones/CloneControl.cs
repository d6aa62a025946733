using System.Text.Json;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Api.Hosting;
using Orchestrator.Local.Servers;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Tests.Infrastructure;
using Orchestrator.Workers.Clones;
using Host = Orchestrator.Tests.Infrastructure.Host;

namespace Orchestrator.Tests.Clones;

/// <summary>API and worker in this process, with a storage in memory.</summary>
public sealed class CloneControl : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Place _place;
    private readonly string _directory;

    private CloneControl(WebApplication app, Place place, FakeStorage storage, string directory, Uri address)
    {
        (_app, _place, Storage, _directory) = (app, place, storage, directory);
        Client = new HttpClient { BaseAddress = address };
        Client.DefaultRequestHeaders.Add("Verification-Token", Host.AdminToken);
    }

    public FakeStorage Storage { get; }

    public Place Place => _place;

    /// <summary>Comes with the admin token as clients of the original send it.</summary>
    public HttpClient Client { get; }

    public static async Task<CloneControl> StartAsync(Servers servers, params (string Key, string Value)[] settings) =>
        await StartAsync(await servers.CreatePlaceAsync(), new FakeStorage(), settings);

    public static async Task<CloneControl> StartAsync(Place place, FakeStorage storage, params (string Key, string Value)[] settings)
    {
        var (address, directory) = (new Uri($"http://127.0.0.1:{FreePort.Next()}"), Directory.CreateTempSubdirectory("clones-").FullName);
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = directory });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ConnectionStrings:Postgres"] = place.ConnectionString,
            ["ConnectionStrings:RabbitMq"] = place.Amqp.AbsoluteUri,
            ["Auth:AdminToken"] = Host.AdminToken,
            ["Webhook:Secrets:0"] = Host.WebhookSecret,
            ["urls"] = address.AbsoluteUri,
            ["Clones:Directory"] = directory,
            ["Clones:MeasureInterval"] = "00:00:01",
            ["Clones:Sources:shop:ConnectionString"] = "host=db.example.org user=replicator password=secret dbname=shop",
        });
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value, StringComparer.Ordinal));
        builder.AddOrchestratorApi();
        builder.Services.Replace(ServiceDescriptor.Singleton<ICloneHost>(storage));
        builder.Services.Replace(ServiceDescriptor.Singleton<ISnapshotHost>(storage));
        builder.Services.Replace(ServiceDescriptor.Singleton<ILoggerFactory>(NullLoggerFactory.Instance));
        var app = builder.Build();
        app.MapOrchestratorApi();
        await app.StartAsync(TestContext.Current.CancellationToken);
        var stand = new CloneControl(app, place, storage, directory, address);
        await Wait.UntilAsync(async () => (await stand.AskAsync("GET", "/status")).Body.GetProperty("pools").GetArrayLength() > 0, "a host of clones");
        return stand;
    }

    /// <summary>Sends, and gives the status and the body, whatever they are.</summary>
    public async Task<(int Status, JsonElement Body)> AskAsync(string method, string path, string? json = null, params (string Name, string Value)[] headers)
    {
        using var response = await SharedApi.SendAsync(Client, method, path, json, headers);
        return ((int)response.StatusCode, await SharedApi.BodyAsync(response));
    }

    /// <summary>Makes a snapshot and gives its id.</summary>
    public async Task<string> TakeSnapshotAsync()
    {
        var (status, body) = await AskAsync("POST", "/snapshot", """{"source":{"name":"shop"}}""", ("Prefer", "wait=30"));
        Assert.True(status == 200, $"{status} {body}");
        return body.GetProperty("id").GetString()!;
    }

    public static string Request(string? id, string more = "") => $$"""{{{(id is null ? "" : $"\"id\":\"{id}\",")}}"db":{"username":"dev","password":"correct-horse-battery"}{{more}}}""";

    /// <summary>Asks for a clone and waits until it has a status.</summary>
    public async Task<JsonElement> CreateAsync(string id, string wanted = "OK", string more = "")
    {
        var (status, body) = await AskAsync("POST", "/clone", Request(id, more));
        Assert.True(status == 201, $"{status} {body}");
        return await UntilAsync(id, wanted);
    }

    /// <summary>Waits until a clone has a status.</summary>
    public Task<JsonElement> UntilAsync(string id, string wanted) => Wait.ForAsync(
        async () => (await AskAsync("GET", $"/clone/{id}")).Body,
        body => body.TryGetProperty("status", out var status) && status.GetProperty("code").GetString() == wanted, $"{id} {wanted}");

    /// <summary>Waits until there is no such clone.</summary>
    public Task UntilGoneAsync(string id) => Wait.UntilAsync(async () => (await AskAsync("GET", $"/clone/{id}")).Status == 404, $"{id} gone");

    public Task<Guid> KeyOfAsync(string id) => _place.ScalarAsync<Guid>("SELECT correlation_id FROM clone WHERE id = $1", id);

    /// <summary>Publishes a command as a process of ours would.</summary>
    public async Task PublishAsync<T>(T message)
        where T : class
    {
        await using var transaction = await _app.Services.GetRequiredService<DurableTransactions>().BeginAsync(TestContext.Current.CancellationToken);
        transaction.Publish(Envelope.Command(message, TimeProvider.System.GetUtcNow()));
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Moves the database's clock.</summary>
    public Task MoveClockAsync(TimeSpan skew) =>
        _place.ExecuteAsync("INSERT INTO clock_skew (skew) VALUES ($1) ON CONFLICT (is_only) DO UPDATE SET skew = excluded.skew", skew);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _place.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}
