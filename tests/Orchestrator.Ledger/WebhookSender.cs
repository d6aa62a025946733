using System.Security.Cryptography;
using System.Text;

namespace Orchestrator.Ledger;

/// <summary>Delivers as GitHub does: signed, and again with the same delivery id until the answer is 200.</summary>
internal sealed class WebhookSender(Uri api) : ISender, IDisposable
{
    private static readonly byte[] Secret = "fake-secret"u8.ToArray();

    /// <summary>A sender has so many connections, however much it has to send.</summary>
    private const int Connections = 64;

    private readonly HttpClient _client = new(new SocketsHttpHandler { MaxConnectionsPerServer = Connections }) { BaseAddress = api, Timeout = TimeSpan.FromSeconds(10) };

    public async Task<bool> TryAsync(JobCommand command)
    {
        try
        {
            var body = Encoding.UTF8.GetBytes(Body(command));
            using var request = new HttpRequestMessage(HttpMethod.Post, "/webhook") { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new("application/json");
            request.Headers.Add("X-Hub-Signature-256", $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Secret, body))}");
            request.Headers.Add("X-GitHub-Event", "workflow_job");
            request.Headers.Add("X-GitHub-Delivery", command.MessageId);
            using var response = await _client.SendAsync(request);
            return (int)response.StatusCode == 200;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    public void Dispose() => _client.Dispose();

    private static string Body(JobCommand command)
    {
        var (action, times) = command.Kind switch
        {
            "enqueue" => ("queued", "\"started_at\":\"2026-11-01T12:00:00Z\""),
            "start" => ("in_progress", "\"started_at\":\"2026-11-01T12:00:30Z\""),
            _ => ("completed", "\"completed_at\":\"2026-11-01T12:01:30Z\""),
        };
        return $$$"""{"action":"{{{action}}}","workflow_job":{"id":{{{command.Id}}},"labels":["self-hosted","{{{command.Label}}}"],"created_at":"2026-11-01T12:00:00Z",{{{times}}}},"repository":{"full_name":"acme/widgets"}}""";
    }
}
