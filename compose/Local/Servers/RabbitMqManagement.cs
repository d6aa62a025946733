using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Orchestrator.Local.Servers;

/// <summary>RabbitMQ's management HTTP API; paths are relative to its root (<c>api/vhosts/x</c>).</summary>
public sealed class RabbitMqManagement : IDisposable
{
    private readonly HttpClient _client;

    public RabbitMqManagement(Uri uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        var credentials = Uri.UnescapeDataString(uri.UserInfo);
        _client = new HttpClient { BaseAddress = new UriBuilder(uri) { UserName = "", Password = "" }.Uri };
        _client.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
    }

    /// <summary>The answer's JSON; null when there is no such thing (404).</summary>
    /// <exception cref="HttpRequestException">The server is away or refuses.</exception>
    public async Task<JsonNode?> GetAsync(string path, CancellationToken cancellationToken = default)
    {
        using var response = await _client.GetAsync(path, cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound)
            return null;
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<JsonNode>(cancellationToken);
    }

    /// <exception cref="HttpRequestException">The server is away or refuses.</exception>
    public async Task PutAsync(string path, object body, CancellationToken cancellationToken = default)
    {
        using var response = await _client.PutAsJsonAsync(path, body, cancellationToken);
        response.EnsureSuccessStatusCode();
    }

    /// <exception cref="HttpRequestException">The server is away or refuses.</exception>
    public async Task<JsonNode?> PostAsync(string path, object body, CancellationToken cancellationToken = default)
    {
        using var response = await _client.PostAsJsonAsync(path, body, cancellationToken);
        response.EnsureSuccessStatusCode();
        return response.Content.Headers.ContentLength == 0 ? null : await response.Content.ReadFromJsonAsync<JsonNode>(cancellationToken);
    }

    /// <summary>Nothing happens when there is no such thing.</summary>
    /// <exception cref="HttpRequestException">The server is away or refuses.</exception>
    public async Task DeleteAsync(string path, CancellationToken cancellationToken = default)
    {
        using var response = await _client.DeleteAsync(path, cancellationToken);
        if (response.StatusCode != HttpStatusCode.NotFound)
            response.EnsureSuccessStatusCode();
    }

    public void Dispose() => _client.Dispose();
}
