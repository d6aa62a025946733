using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Orchestrator.Sagas.Calls;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Workers.Calls.Agent;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Orchestrator.Workers.Calls.Remote;

/// <summary>
/// Runs invocations that come from APIs of other processes: one hop of the broker there, one back. It goes past MassTransit
/// as an answer is waited for: nothing here is durable, and what is lost its caller is told of.
/// </summary>
public sealed class FnRequestServer(
    RabbitMqConnection broker, LocalFnInvoker invoker, FnCatalog catalog, ILogger<FnRequestServer> logger) : BackgroundService
{
    /// <summary>Invocations that one worker holds, waiting for room or running.</summary>
    private const ushort Held = 256;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>True while invocations can come in.</summary>
    public bool IsBound { get; private set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ServeAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                logger.LogWarning("Invocations of other processes do not come in: {Reason}", exception.GetBaseException().Message);
            }

            IsBound = false;
            await Task.Delay(Pause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ServeAsync(CancellationToken stoppingToken)
    {
        await using var connection = await broker.ConnectAsync("functions", stoppingToken);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: stoppingToken);
        await FnQueue.DeclareAsync(channel, stoppingToken);
        await channel.BasicQosAsync(0, Held, global: false, stoppingToken);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        channel.ChannelShutdownAsync += (_, _) =>
        {
            ended.TrySetResult();
            return Task.CompletedTask;
        };
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            // The bytes are the client's again when this returns.
            var message = new Delivery(delivery.DeliveryTag, delivery.Redelivered, delivery.BasicProperties.ReplyTo, delivery.BasicProperties.CorrelationId, delivery.Body.ToArray());
            _ = HandleAsync(channel, message);
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(FnWire.Queue, autoAck: false, consumer, stoppingToken);
        IsBound = true;
        await ended.Task.WaitAsync(stoppingToken);
    }

    private async Task HandleAsync(IChannel channel, Delivery delivery)
    {
        try
        {
            // Before it begins: whatever becomes of this process, it is not run twice.
            await channel.BasicAckAsync(delivery.Tag, multiple: false);
            var (reply, body) = await RunAsync(delivery);
            if (delivery.ReplyTo is { Length: > 0 } replyTo)
                await channel.BasicPublishAsync("", replyTo, mandatory: false, new BasicProperties { CorrelationId = delivery.CorrelationId }, FnWire.Write(reply, body));
        }
        catch (Exception exception)
        {
            logger.LogWarning("An invocation of another process could not be answered: {Reason}", exception.GetBaseException().Message);
        }
    }

    private async Task<(FnReplyHead Head, ReadOnlyMemory<byte> Body)> RunAsync(Delivery delivery)
    {
        try
        {
            var (head, body) = FnWire.Read<FnRequestHead>(delivery.Body);
            // Whoever had it before may have begun.
            if (delivery.IsRepeated && !head.IsDetached)
                return (FnReplyHead.Of(Failed(InvocationFailure.BadExit)), default);
            var call = head.ToCall(await catalog.FindAsync(head.FnId, CancellationToken.None), body);
            if (head.IsDetached)
                return (await invoker.BeginAsync(call, CancellationToken.None) is { } failure ? FnReplyHead.Of(failure) : new FnReplyHead { HasBegun = true, Status = 202 }, default);
            var outcome = await invoker.InvokeAsync(call, CancellationToken.None);
            return (FnReplyHead.Of(outcome), outcome.Body);
        }
        catch (FnException refused)
        {
            return (new FnReplyHead { Failure = nameof(InvocationFailure.Image), Message = refused.Error.Message, Status = refused.Error.Status }, default);
        }
        catch (Exception exception)
        {
            logger.LogWarning("An invocation of another process failed: {Reason}", exception.GetBaseException().Message);
            return (FnReplyHead.Of(Failed(InvocationFailure.TooBusy)), default);
        }
    }

    private static InvocationOutcome Failed(InvocationFailure failure) => new() { Failure = failure, Message = failure.Message(), Status = failure.Status() };

    private sealed record Delivery(ulong Tag, bool IsRepeated, string? ReplyTo, string? CorrelationId, byte[] Body);
}

/// <summary>The queue of invocations.</summary>
internal static class FnQueue
{
    /// <summary>Transient messages in a queue that outlives the broker: what was in it then nobody waits for.</summary>
    public static Task DeclareAsync(IChannel channel, CancellationToken cancellationToken) =>
        channel.QueueDeclareAsync(FnWire.Queue, durable: true, exclusive: false, autoDelete: false, cancellationToken: cancellationToken);
}

/// <summary>Invocations of other processes come in.</summary>
[SuppressMessage("Performance", "CA1812", Justification = "Made by the health checks.")]
internal sealed class FnRequestCheck(FnRequestServer server) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(server.IsBound ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy($"{FnWire.Queue}: not bound."));
}
