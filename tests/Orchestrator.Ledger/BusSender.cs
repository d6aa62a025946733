using System.Text;
using RabbitMQ.Client;

namespace Orchestrator.Ledger;

/// <summary>Publishes plain JSON with confirms, as any foreign client may.</summary>
internal sealed class BusSender(Uri amqp) : ISender, IAsyncDisposable
{
    private static readonly TimeSpan ConfirmTimeout = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _opening = new(1, 1);
    private IConnection? _connection;
    private IChannel? _channel;

    public async Task<bool> TryAsync(JobCommand command)
    {
        try
        {
            var channel = await OpenAsync();
            using var deadline = new CancellationTokenSource(ConfirmTimeout);
            var properties = new BasicProperties { MessageId = command.MessageId, ContentType = "application/json", DeliveryMode = DeliveryModes.Persistent };
            await channel.BasicPublishAsync(
                $"orchestrator.jobs.{command.Kind}-job", "", mandatory: true, properties, Encoding.UTF8.GetBytes(Body(command)), deadline.Token);
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
            await _connection.DisposeAsync();
        _opening.Dispose();
    }

    private static string Body(JobCommand command) => command.Kind switch
    {
        "enqueue" => $$"""{"platform":"{{command.Platform}}","id":"{{command.Id}}","labels":["{{command.Label}}"],"created_at":"2026-11-01T12:00:00Z"}""",
        "start" => $$"""{"platform":"{{command.Platform}}","id":"{{command.Id}}","started_at":"2026-11-01T12:00:30Z"}""",
        _ => $$"""{"platform":"{{command.Platform}}","id":"{{command.Id}}","completed_at":"2026-11-01T12:01:30Z"}""",
    };

    private async Task<IChannel> OpenAsync()
    {
        if (_channel is { IsOpen: true } open)
            return open;
        await _opening.WaitAsync();
        try
        {
            if (_channel is { IsOpen: true } opened)
                return opened;
            if (_connection is not null)
                await _connection.DisposeAsync();
            _connection = await Connection.OpenAsync(amqp, CancellationToken.None);
            return _channel = await _connection.CreateChannelAsync(new CreateChannelOptions(
                publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        }
        finally
        {
            _opening.Release();
        }
    }
}
