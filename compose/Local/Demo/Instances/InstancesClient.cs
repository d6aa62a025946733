using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Local.Run;

namespace Orchestrator.Local.Demo.Instances;

/// <summary>An instance, as far as the demo looks at it.</summary>
internal sealed record DemoInstance(long Id, Guid Guid, string Status, string InstanceStatus, string? Reason, string? Job);

/// <summary>What this part of the demo needs of the API, over HTTP like anybody else.</summary>
internal sealed class InstancesClient : IDisposable
{
    private readonly HttpClient _api;
    private readonly HttpClient _github;
    private readonly string _secret;
    private readonly string _since = TimeProvider.System.GetUtcNow().AddSeconds(-1).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);

    public InstancesClient(RunContext run)
    {
        _api = run.Api;
        _secret = run.Installation.Secrets.WebhookSecret;
        _github = new HttpClient { BaseAddress = run.Installation.Url };
    }

    public string WebhookSecret => _secret;

    /// <summary>Creates the app, or brings the one that an earlier run made up to date; gives its id.</summary>
    public async Task<long> EnsureAppAsync(JsonObject app, CancellationToken cancellationToken)
    {
        using var response = await _api.PostAsJsonAsync("api/v1/apps", app, cancellationToken);
        if (response.StatusCode is not HttpStatusCode.Conflict)
            return (await BodyAsync(response, cancellationToken))["id"]!.GetValue<long>();
        var found = await GetAsync($"api/v1/apps?name={Uri.EscapeDataString(app["name"]!.GetValue<string>())}", cancellationToken);
        var id = found["items"]![0]!["id"]!.GetValue<long>();
        using var changed = await _api.PatchAsJsonAsync($"api/v1/apps/{id}", app, cancellationToken);
        await BodyAsync(changed, cancellationToken);
        return id;
    }

    public async Task PutFlavorAsync(string name, JsonObject flavor, CancellationToken cancellationToken)
    {
        using var response = await _api.PutAsJsonAsync($"api/v1/flavors/{name}", flavor, cancellationToken);
        await EnsureAsync(response, cancellationToken);
    }

    public async Task<int> PressureAsync(string flavor, CancellationToken cancellationToken) =>
        (await GetAsync($"api/v1/flavors/{flavor}/pressure", cancellationToken))[flavor]!.GetValue<int>();

    /// <summary>Instances of an app that are meant to run.</summary>
    public async Task<IReadOnlyList<DemoInstance>> RunningAsync(long app, CancellationToken cancellationToken) =>
        Instances(await GetAsync($"api/v1/apps/{app}/instances/running", cancellationToken));

    /// <summary>All instances of an app with an id above this.</summary>
    public async Task<IReadOnlyList<DemoInstance>> AllAsync(long app, long above, CancellationToken cancellationToken)
    {
        var all = new List<DemoInstance>();
        for (var page = 1; ; page++)
        {
            var found = Instances(await GetAsync($"api/v1/apps/{app}/instances?page={page}&per_page=500", cancellationToken));
            all.AddRange(found.Where(instance => instance.Id > above));
            if (found.Count < 500)
                return all;
        }
    }

    /// <summary>How many instances of a size the nodes have room for; processors are promised four times over.</summary>
    public async Task<int> RoomAsync(int milliCpus, int memoryMiB, CancellationToken cancellationToken)
    {
        const int overcommit = 4;
        var room = 0L;
        foreach (var node in (await GetAsync("api/v1/nodes?limit=500", cancellationToken))["items"]!.AsArray().Where(node => node!["state"]!.GetValue<string>() is "active"))
        {
            var (has, claimed) = (node!["capacity"]!, node["claimed"]!);
            room += Math.Min(
                ((has["milliCpus"]!.GetValue<long>() * overcommit) - claimed["milliCpus"]!.GetValue<long>()) / milliCpus,
                (has["memoryMiB"]!.GetValue<long>() - claimed["memoryMiB"]!.GetValue<long>()) / memoryMiB);
        }

        return (int)Math.Clamp(room, 0, int.MaxValue);
    }

    public async Task TerminateAllAsync(long app, CancellationToken cancellationToken)
    {
        using var response = await _api.PostAsync(new Uri($"api/v1/apps/{app}/instances/terminate", UriKind.Relative), content: null, cancellationToken);
        await EnsureAsync(response, cancellationToken);
    }

    /// <summary>How many jobs of this run are completed; the pages are read on from where they were full.</summary>
    public async Task<int> CompletedAsync(string flavor, CancellationToken cancellationToken)
    {
        var path = $"api/v1/jobs/github?flavor={flavor}&state=completed&created_after={_since}&limit=500";
        using var response = await _api.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
        return (await BodyAsync(response, cancellationToken)).AsArray().Count;
    }

    /// <summary>A job as the API knows it; null when there is none.</summary>
    public async Task<JsonNode?> JobAsync(long id, CancellationToken cancellationToken)
    {
        using var response = await _api.GetAsync(new Uri($"api/v1/jobs/github/{id}", UriKind.Relative), cancellationToken);
        return response.StatusCode is HttpStatusCode.NotFound ? null : await BodyAsync(response, cancellationToken);
    }

    /// <summary>Sends a delivery as GitHub does, signed.</summary>
    public async Task DeliverAsync(JsonObject payload, CancellationToken cancellationToken)
    {
        var body = Encoding.UTF8.GetBytes(payload.ToJsonString());
        using var request = new HttpRequestMessage(HttpMethod.Post, "webhook") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.Add("X-GitHub-Event", "workflow_job");
        request.Headers.Add("X-GitHub-Delivery", Guid.CreateVersion7().ToString());
        request.Headers.Add("X-Hub-Signature-256", "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(_secret), body)));
        using var response = await _github.SendAsync(request, cancellationToken);
        await EnsureAsync(response, cancellationToken);
    }

    public void Dispose() => _github.Dispose();

    private static IReadOnlyList<DemoInstance> Instances(JsonNode list) => list["instances"].Deserialize<DemoInstance[]>(JsonSerializerOptions.Web)!;

    private async Task<JsonNode> GetAsync(string path, CancellationToken cancellationToken)
    {
        using var response = await _api.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
        return await BodyAsync(response, cancellationToken);
    }

    private static async Task<JsonNode> BodyAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await EnsureAsync(response, cancellationToken);
        return (await response.Content.ReadFromJsonAsync<JsonNode>(cancellationToken))!;
    }

    private static async Task EnsureAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
            return;
        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        throw new HttpRequestException(
            $"{response.RequestMessage!.Method} {response.RequestMessage.RequestUri!.AbsolutePath} answered {(int)response.StatusCode}: {body}", inner: null, response.StatusCode);
    }
}
