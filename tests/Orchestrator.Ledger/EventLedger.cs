using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Orchestrator.Ledger;

/// <summary>
/// What the world outside sees: every event of jobs, with its message id, in an append-only file of another process
/// than those that are being killed. Acknowledged only when written down, so nothing that arrives is missed.
/// </summary>
internal static class EventLedger
{
    public const string Queue = "ledger";

    private static readonly string[] Exchanges = ["job-assigned", "job-unmatched", "job-started", "job-completed"];

    public static async Task<int> RunAsync(Uri amqp, string file)
    {
        using var stop = new CancellationTokenSource();
        using var signal = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });
        await using var ledger = new AppendOnlyFile(file);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await ConsumeAsync(amqp, ledger, stop.Token);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return 0;
            }
            catch (Exception exception)
            {
                await Console.Error.WriteLineAsync($"the ledger connects again: {exception.Message}");
                await Task.Delay(Connection.Pause, CancellationToken.None);
            }
        }

        return 0;
    }

    private static async Task ConsumeAsync(Uri amqp, AppendOnlyFile ledger, CancellationToken cancellationToken)
    {
        await using var connection = await Connection.OpenAsync(amqp, cancellationToken);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        await channel.QueueDeclareAsync(Queue, durable: true, exclusive: false, autoDelete: false, cancellationToken: cancellationToken);
        foreach (var name in Exchanges)
        {
            await channel.ExchangeDeclareAsync($"orchestrator.jobs.{name}", "fanout", durable: true, cancellationToken: cancellationToken);
            await channel.QueueBindAsync(Queue, $"orchestrator.jobs.{name}", "", cancellationToken: cancellationToken);
        }

        await channel.BasicQosAsync(0, 500, global: false, cancellationToken);
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.ConnectionShutdownAsync += (_, _) => Complete(closed);
        channel.ChannelShutdownAsync += (_, _) => Complete(closed);
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            _ = WriteThenAcknowledgeAsync(channel, ledger, delivery.DeliveryTag, Line(delivery));
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(Queue, autoAck: false, consumer, cancellationToken);
        await ledger.WriteAsync("listening", "-", "-", Stopwatch.GetTimestamp());
        await closed.Task.WaitAsync(cancellationToken);

        static Task Complete(TaskCompletionSource source)
        {
            source.TrySetResult();
            return Task.CompletedTask;
        }
    }

    private static object[] Line(BasicDeliverEventArgs delivery)
    {
        var at = Stopwatch.GetTimestamp();
        using var envelope = JsonDocument.Parse(delivery.Body);
        var message = envelope.RootElement.GetProperty("message");
        var job = $"{message.GetProperty("platform").GetString()}/{message.GetProperty("id").GetString()}";
        return [delivery.Exchange["orchestrator.jobs.".Length..], delivery.BasicProperties.MessageId ?? "-", job, at];
    }

    private static async Task WriteThenAcknowledgeAsync(IChannel channel, AppendOnlyFile ledger, ulong tag, object[] line)
    {
        await ledger.WriteAsync(line);
        try
        {
            await channel.BasicAckAsync(tag, multiple: false, CancellationToken.None);
        }
        catch (Exception) when (!channel.IsOpen)
        {
            // It comes again, and is dropped by its id.
        }
    }
}
