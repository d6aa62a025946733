using System.Text;
using System.Text.Json;
using Orchestrator.Local.Servers;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Messaging;

/// <summary>What <c>publish.py</c> publishes.</summary>
public sealed record ForeignMessage
{
    public required string Exchange { get; init; }
    public string RoutingKey { get; init; } = "";

    /// <summary>The type to declare the exchange with first; null when it is taken to be there.</summary>
    public string? Declare { get; init; }

    public string? ContentType { get; init; }
    public string? MessageId { get; init; }
    public IReadOnlyDictionary<string, string>? Headers { get; init; }
    public required byte[] Body { get; init; }

    public static ForeignMessage Plain(string exchange, string json, string? messageId = null) =>
        new() { Exchange = exchange, MessageId = messageId, Body = Encoding.UTF8.GetBytes(json) };

    /// <summary>As the upstream webhook gateway publishes a delivery.</summary>
    public static ForeignMessage Delivery(string json, string? deliveryId = null, string? eventName = "workflow_job")
    {
        var headers = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["X-GitHub-Delivery"] = deliveryId ?? Guid.CreateVersion7().ToString(),
            ["X-GitHub-Hook-ID"] = "",
        };
        if (eventName is not null)
            headers["X-GitHub-Event"] = eventName;
        return new ForeignMessage
        {
            Exchange = "github-workflow-jobs",
            RoutingKey = "workflow-job",
            Declare = "direct",
            ContentType = "application/json",
            Headers = headers,
            Body = Encoding.UTF8.GetBytes(json),
        };
    }
}

/// <summary>Publishes with python3 and pika: a client that shares no code with ours.</summary>
public static class ForeignPublisher
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private static string Script => Path.Combine(Checkout.Root, "tests", "Orchestrator.Tests", "Messaging", "publish.py");

    /// <summary>Publishes all and returns when the broker has confirmed each.</summary>
    public static async Task PublishAsync(Place place, params IEnumerable<ForeignMessage> messages)
    {
        var name = Path.Combine(Directory.CreateDirectory(Checkout.RunDirectory("test", "logs")).FullName, $"publish-{Guid.CreateVersion7():N}");
        await File.WriteAllLinesAsync($"{name}.jsonl", messages.Select(message => JsonSerializer.Serialize(message, Options)));
        await using var process = await ChildProcess.StartAsync(new ChildStart
        {
            FileName = "/usr/bin/python3",
            Arguments = [Script, place.Amqp.AbsoluteUri, $"{name}.jsonl"],
            LogFile = $"{name}.log",
        });
        if (await process.Exit != 0)
            throw new InvalidOperationException($"The foreign publisher failed:\n{LogTail.Of($"{name}.log", 20)}");
        File.Delete($"{name}.jsonl");
        File.Delete($"{name}.log");
    }
}
