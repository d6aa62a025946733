using System.Text.Json;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Tests.Infrastructure;
using Orchestrator.Tests.Timers;
using RabbitMQ.Client;

namespace Orchestrator.Tests.Outbox;

/// <summary>A queue beside that of the hosts, which tells the order in which alarms reached the broker.</summary>
internal sealed class AlarmQueue(IConnection connection, IChannel channel, string queue) : IAsyncDisposable
{
    public static async Task<AlarmQueue> BindAsync(Uri broker)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var connection = await new ConnectionFactory { Uri = broker }.CreateConnectionAsync(cancellation);
        var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
        var queue = (await channel.QueueDeclareAsync(cancellationToken: cancellation)).QueueName;
        await channel.QueueBindAsync(queue, ExchangeNames.Of(typeof(Alarm)), "", cancellationToken: cancellation);
        return new AlarmQueue(connection, channel, queue);
    }

    /// <summary>Names as they came, without others and without repeats, once all of them are there.</summary>
    public async Task<IReadOnlyList<string>> ReadAsync(IEnumerable<string> wanted)
    {
        var names = wanted.ToHashSet(StringComparer.Ordinal);
        var came = new List<string>();
        await Wait.UntilAsync(
            async () =>
            {
                while (await channel.BasicGetAsync(queue, autoAck: true, TestContext.Current.CancellationToken) is { } got)
                {
                    using var envelope = JsonDocument.Parse(got.Body);
                    if (envelope.RootElement.GetProperty("message").GetProperty("name").GetString() is { } name && names.Remove(name))
                        came.Add(name);
                }

                return names.Count == 0;
            },
            "all came");
        return came;
    }

    public async ValueTask DisposeAsync()
    {
        await channel.DisposeAsync();
        await connection.DisposeAsync();
    }
}
