using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Local.Run;

namespace Orchestrator.Local.Demo.Jobs;

/// <summary>What this part of the demo needs of the API, over HTTP like anybody else.</summary>
internal sealed class JobsClient : IDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly HttpClient _client;
    private readonly HttpClient _github;
    private readonly byte[] _webhookSecret;

    public JobsClient(RunContext run)
    {
        _webhookSecret = Encoding.UTF8.GetBytes(run.Installation.Secrets.WebhookSecret);
        _client = run.Api;
        _github = new HttpClient { BaseAddress = run.Installation.Url };
    }

    /// <summary>Creates a flavor unless there is one of that name.</summary>
    public async Task EnsureFlavorAsync(DemoFlavor flavor, CancellationToken cancellationToken)
    {
        var body = new { flavor.Platform, flavor.Labels, flavor.Priority, flavor.IsDisabled, flavor.MinimumPressure };
        using var response = await _client.PostAsJsonAsync($"api/v1/flavors/{flavor.Name}", body, Json, cancellationToken);
        if (response.StatusCode != HttpStatusCode.Conflict)
            await ThrowUnlessSuccessAsync(response, cancellationToken);
    }

    /// <summary>All flavors of platform github.</summary>
    public Task<DemoFlavor[]> FlavorsAsync(CancellationToken cancellationToken) =>
        GetAsync<DemoFlavor[]>("api/v1/flavors", cancellationToken);

    /// <summary>The pressure of every flavor.</summary>
    public Task<Dictionary<string, int>> PressuresAsync(CancellationToken cancellationToken) =>
        GetAsync<Dictionary<string, int>>("api/v1/flavors/_/pressure", cancellationToken);

    /// <summary>Null when there is no such job.</summary>
    public async Task<JsonNode?> JobAsync(string id, CancellationToken cancellationToken)
    {
        using var response = await _client.GetAsync($"api/v1/jobs/github/{id}", cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound)
            return null;
        await ThrowUnlessSuccessAsync(response, cancellationToken);
        return await response.Content.ReadFromJsonAsync<JsonNode>(cancellationToken);
    }

    /// <summary>How many jobs of a flavor are not completed.</summary>
    public async Task<int> IncompleteJobsAsync(string flavor, CancellationToken cancellationToken)
    {
        var count = 0;
        for (var page = $"api/v1/jobs/github?flavor={Uri.EscapeDataString(flavor)}&limit=500"; page is not null;)
        {
            using var response = await _client.GetAsync(page, cancellationToken);
            await ThrowUnlessSuccessAsync(response, cancellationToken);
            var jobs = await response.Content.ReadFromJsonAsync<JsonArray>(cancellationToken);
            count += jobs!.Count(job => job!["completed_at"] is null);
            page = NextPage(response);
        }

        return count;
    }

    /// <summary>Sends a delivery as GitHub does, signed.</summary>
    public async Task<HttpStatusCode> DeliverAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "webhook") { Content = new ByteArrayContent(delivery.Body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("User-Agent", "GitHub-Hookshot/044aadd");
        request.Headers.Add("X-GitHub-Event", "workflow_job");
        request.Headers.Add("X-GitHub-Delivery", delivery.Id.ToString());
        request.Headers.Add("X-GitHub-Hook-ID", "292430182");
        request.Headers.Add("X-Hub-Signature-256", "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(_webhookSecret, delivery.Body)));
        using var response = await _github.SendAsync(request, cancellationToken);
        return response.StatusCode;
    }

    public void Dispose() => _github.Dispose();

    // Link: <...>; rel="next"
    private static string? NextPage(HttpResponseMessage response) =>
        response.Headers.TryGetValues("Link", out var links)
            ? links.SelectMany(link => link.Split(',')).Where(link => link.Contains("rel=\"next\"", StringComparison.Ordinal))
                .Select(link => link[(link.IndexOf('<', StringComparison.Ordinal) + 1)..link.IndexOf('>', StringComparison.Ordinal)]).FirstOrDefault()
            : null;

    private static async Task ThrowUnlessSuccessAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
            return;
        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        throw new HttpRequestException($"{response.RequestMessage!.Method} {response.RequestMessage.RequestUri!.AbsolutePath} answered {(int)response.StatusCode}: {body}", inner: null, response.StatusCode);
    }

    private async Task<T> GetAsync<T>(string path, CancellationToken cancellationToken)
    {
        using var response = await _client.GetAsync(path, cancellationToken);
        await ThrowUnlessSuccessAsync(response, cancellationToken);
        return (await response.Content.ReadFromJsonAsync<T>(Json, cancellationToken))!;
    }
}
