using System.Net;
using System.Text;
using System.Text.Json;
using Orchestrator.Local.Run;
using RabbitMQ.Client;

namespace Orchestrator.Local.Demo.Actions;

/// <summary>Begins deployments and reads what became of them, as anybody would.</summary>
internal sealed class DeploymentsClient(RunContext run)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Sends the command by bus: plain JSON on its exchange, with the user for publishers.</summary>
    public async Task BeginByBusAsync(Guid id, string action, string groupId, CancellationToken cancellationToken)
    {
        var factory = new ConnectionFactory { Uri = run.Installation.PublisherUri! };
        await using var connection = await factory.CreateConnectionAsync(cancellationToken);
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellationToken);
        var body = JsonSerializer.SerializeToUtf8Bytes(new { deploymentId = id, action, groupId });
        var properties = new BasicProperties { ContentType = "application/json", Persistent = true };
        await channel.BasicPublishAsync("orchestrator.actions.execute-action", "", mandatory: true, properties, body, cancellationToken);
    }

    /// <summary>Sends it by HTTP.</summary>
    public async Task BeginByApiAsync(Guid id, string action, string groupId, object? input, CancellationToken cancellationToken)
    {
        using var content = new StringContent(JsonSerializer.Serialize(new { id, action, groupId, input }), Encoding.UTF8, "application/json");
        using var response = await run.Api.PostAsync("api/v1/deployments", content, cancellationToken);
        if (!response.IsSuccessStatusCode)
            throw new HttpRequestException($"POST /api/v1/deployments answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellationToken)}");
    }

    /// <summary>The deployment once it has finished.</summary>
    /// <exception cref="TimeoutException">It has not after a minute.</exception>
    public async Task<JsonElement> EndAsync(Guid id, CancellationToken cancellationToken)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            using var response = await run.Api.GetAsync($"api/v1/deployments/{id}", cancellationToken);
            var deployment = response.StatusCode == HttpStatusCode.NotFound ? default : await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
            if (deployment.ValueKind is JsonValueKind.Object && deployment.GetProperty("status").GetString() is "Finished")
                return deployment;
            if (TimeProvider.System.GetElapsedTime(since) > Deadline)
                throw new TimeoutException($"Deployment {id} has not finished after {Deadline.TotalSeconds} s: {deployment}");
            await Task.Delay(PollInterval, cancellationToken);
        }
    }

    /// <summary>What happened, line by line.</summary>
    public async Task<IReadOnlyList<JsonElement>> TimelineAsync(Guid id, CancellationToken cancellationToken)
    {
        var timeline = await run.Api.GetFromJsonAsync<JsonElement>($"api/v1/deployments/{id}/timeline?limit=500", cancellationToken);
        return [.. timeline.GetProperty("items").EnumerateArray()];
    }
}
