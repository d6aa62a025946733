using System.Text.Json;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Instances;

/// <summary>Hosts on a place of a test's own, and what a user does with instances over HTTP.</summary>
public sealed class Fleet(Place place, Host api) : IAsyncDisposable
{
    private readonly List<Host> _workers = [];

    public Place Place => place;

    public Host Api => api;

    /// <summary>An API that runs nothing, on a place of its own.</summary>
    public static async Task<Fleet> StartAsync(Servers servers, params (string Key, string Value)[] settings)
    {
        var place = await servers.CreatePlaceAsync();
        return new Fleet(place, await Host.StartApiAsync(place, settings));
    }

    /// <summary>API and node in one process, on a place of its own.</summary>
    public static async Task<Fleet> StartAllAsync(Servers servers, string node, params (string Key, string Value)[] settings)
    {
        var place = await servers.CreatePlaceAsync();
        var fleet = new Fleet(place, await Host.StartAllAsync(place, [Host.Only("jobs, instances"), ("Node__Name", node), .. settings]));
        await fleet.UntilActiveAsync(node);
        return fleet;
    }

    /// <summary>A worker that is a node of that name.</summary>
    public async Task<Host> AddWorkerAsync(string name, params (string Key, string Value)[] settings)
    {
        var worker = await Host.StartWorkerAsync(place, [Host.Only("jobs, instances"), ("Node__Name", name), ("Instances__Lease", "00:00:08"), ("Instances__Heartbeat", "00:00:00.500"), .. settings]);
        _workers.Add(worker);
        await UntilActiveAsync(name);
        return worker;
    }

    public Task UntilActiveAsync(string node) =>
        Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM node WHERE name = $1 AND state = 'active')", node), "a node");

    /// <summary>An app whose program is a shell script; gives its id.</summary>
    public async Task<long> AddAppAsync(string script, string more = "")
    {
        var command = JsonSerializer.Serialize(new[] { "/bin/sh", "-c", script });
        var (status, body) = await AskAsync("POST", "/api/v1/apps", $$"""{"name":"a{{Guid.CreateVersion7():N}}","command":{{command}},"graceSeconds":2{{more}}}""");
        Assert.True(status == 201, body.GetRawText());
        return body.GetProperty("id").GetInt64();
    }

    public async Task<JsonElement> CreateAsync(long app, string wait = "30", string type = "small")
    {
        using var response = await SharedApi.SendAsync(api.Client, "POST", $"/api/v1/apps/{app}/instances", $$"""{"instanceType":"{{type}}"}""", ("Prefer", $"wait={wait}"));
        var body = await SharedApi.BodyAsync(response);
        Assert.True(response.IsSuccessStatusCode, body.GetRawText());
        return body;
    }

    public async Task<(int Status, JsonElement Body)> AskAsync(string method, string path, string? json = null)
    {
        using var response = await SharedApi.SendAsync(api.Client, method, path, json);
        return ((int)response.StatusCode, await SharedApi.BodyAsync(response));
    }

    public async Task<JsonElement> ReadAsync(long id) => (await AskAsync("GET", $"/api/v1/instances/{id}")).Body;

    public Task UntilAsync(long id, string status, string? reason = null, TimeSpan? patience = null) => Wait.UntilAsync(
        () => place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM instance WHERE id = $1 AND status = $2 AND ($3 = '' OR reason_code = $3))", id, status, reason ?? ""),
        $"instance {id} {status} {reason}", patience);

    public Task<long> CountAsync(string where) => place.ScalarAsync<long>($"SELECT count(*) FROM instance WHERE {where}");

    /// <summary>Processes whose environment says that they are of this instance.</summary>
    public static IReadOnlyList<int> ProcessesOf(Guid instance)
    {
        var found = new List<int>();
        foreach (var directory in Directory.EnumerateDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), out _)))
        {
            try
            {
                if (File.ReadAllText($"{directory}/environ").Contains(instance.ToString(), StringComparison.Ordinal))
                    found.Add(int.Parse(Path.GetFileName(directory), System.Globalization.CultureInfo.InvariantCulture));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It ended while it was looked at.
            }
        }

        return found;
    }

    /// <summary>Waits until the program of an instance runs: its sandbox counts as running a moment earlier.</summary>
    public static Task UntilExecutedAsync(Guid instance) =>
        Wait.UntilAsync(() => Task.FromResult(ProcessesOf(instance).Count > 0), $"instance {instance} executed");

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_workers.Select(worker => worker.DisposeAsync().AsTask()));
        await api.DisposeAsync();
        await place.DisposeAsync();
    }
}
