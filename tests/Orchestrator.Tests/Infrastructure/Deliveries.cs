using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Orchestrator.Tests.Infrastructure;

/// <summary>Makes and signs GitHub <c>workflow_job</c> deliveries.</summary>
public static class Deliveries
{
    public static readonly DateTimeOffset Created = new(2026, 11, 1, 12, 0, 0, TimeSpan.Zero);

    public static string Body(long id, string action, params string[] labels) => JsonSerializer.Serialize(new
    {
        action,
        workflow_job = new
        {
            id,
            run_id = id * 10,
            name = "build",
            status = action,
            labels,
            created_at = Created,
            started_at = Created.AddSeconds(action is "queued" ? 0 : 30),
            completed_at = action is "completed" ? Created.AddSeconds(90) : (DateTimeOffset?)null,
        },
        repository = new { full_name = "acme/widgets" },
    });

    public static HttpRequestMessage Signed(string body, string secret = Host.WebhookSecret, string eventName = "workflow_job", string? deliveryId = null) =>
        Signed(Encoding.UTF8.GetBytes(body), secret, eventName, deliveryId);

    public static HttpRequestMessage Signed(byte[] bytes, string secret = Host.WebhookSecret, string eventName = "workflow_job", string? deliveryId = null)
    {
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), bytes));
        var request = new HttpRequestMessage(HttpMethod.Post, "/webhook") { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.Add("X-Hub-Signature-256", $"sha256={signature}");
        request.Headers.Add("X-GitHub-Event", eventName);
        request.Headers.Add("X-GitHub-Delivery", deliveryId ?? Guid.CreateVersion7().ToString());
        return request;
    }
}
