using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Sagas.Calls;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Workers.Calls.Agent;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Orchestrator.Workers.Calls.Remote;

/// <summary>Has functions run by the workers of other processes, over the broker, with an answer that is waited for.</summary>
public sealed class RemoteFnInvoker(
    RabbitMqConnection broker, NpgsqlDataSource source, FnCatalog catalog, StartedCalls started, IOptions<CallsOptions> options, TimeProvider time,
    ILogger<RemoteFnInvoker> logger) : IFnInvoker, IAsyncDisposable
{
    private const string ReplyTo = "amq.rabbitmq.reply-to";

    /// <summary>For the start of a container and the way back, beyond what the call itself may take.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(15);

    /// <summary>After it the table decides.</summary>
    private static readonly TimeSpan DetachedGrace = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, TaskCompletionSource<byte[]>> _waiting = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _connecting = new(1, 1);
    private IConnection? _connection;
    private volatile IChannel? _channel;

    /// <inheritdoc/>
    public async Task<InvocationOutcome> InvokeAsync(FnCall call, CancellationToken cancellationToken)
    {
        var patience = options.Value.PlacementBudget + TimeSpan.FromSeconds(call.Fn.Spec.Timeout) + Grace;
        try
        {
            var (head, body) = await AskAsync(call, isDetached: false, options.Value.PlacementBudget, patience, cancellationToken);
            return head.ToOutcome(body);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await CancelAsync(call.Id);
            return Failed(InvocationFailure.Cancelled);
        }
        catch (NotSentException)
        {
            return Failed(InvocationFailure.TooBusy);
        }
        catch (Exception exception) when (exception is TimeoutException or IOException)
        {
            logger.LogWarning("The answer to call {CallId} did not come: {Reason}", call.Id, exception.Message);
            await CancelAsync(call.Id);
            return Failed(InvocationFailure.BadExit);
        }
    }

    /// <inheritdoc/>
    public async Task<InvocationOutcome?> BeginAsync(FnCall call, CancellationToken cancellationToken)
    {
        var budget = options.Value.DetachedPlacementBudget;
        try
        {
            var (head, body) = await AskAsync(call, isDetached: true, budget, budget + DetachedGrace, cancellationToken);
            return head.HasBegun ? null : head.ToOutcome(body);
        }
        catch (NotSentException)
        {
            return Failed(InvocationFailure.TooBusy);
        }
        catch (Exception exception) when (exception is TimeoutException or IOException or OperationCanceledException)
        {
            // Whether it has begun the table decides: a row of ours keeps every worker from it, a row of a worker's says that it runs.
            return await GiveUpAsync(call) ? Failed(InvocationFailure.TooBusy) : null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _channel = null;
        if (_connection is { } connection)
        {
            await connection.AbortAsync(TimeSpan.FromSeconds(2));
            await connection.DisposeAsync();
        }

        _connecting.Dispose();
    }

    private async Task<bool> GiveUpAsync(FnCall call)
    {
        var row = LocalFnInvoker.NewCall(call, CallType.Detached, await catalog.SpecIdAsync(call.Fn, CancellationToken.None));
        var end = new CallEnd { Id = call.Id, Worker = 0, Status = CallStatus.Error, Reason = CallReason.StartFailed, Error = InvocationFailures.TooBusyMessage };
        return await started.GiveUpAsync(new StartedCall(row, StartedAt: null, time.GetUtcNow(), end, Worker: null, Container: null), CancellationToken.None);
    }

    private async Task<(FnReplyHead Head, ReadOnlyMemory<byte> Body)> AskAsync(
        FnCall call, bool isDetached, TimeSpan budget, TimeSpan patience, CancellationToken cancellationToken)
    {
        var reply = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[call.Id] = reply;
        try
        {
            await SendAsync(call, isDetached, budget, cancellationToken);
            return FnWire.Read<FnReplyHead>(await reply.Task.WaitAsync(patience, time, cancellationToken));
        }
        finally
        {
            _waiting.TryRemove(call.Id, out _);
        }
    }

    private async Task SendAsync(FnCall call, bool isDetached, TimeSpan budget, CancellationToken cancellationToken)
    {
        try
        {
            var channel = await ChannelAsync(cancellationToken);
            var properties = new BasicProperties
            {
                ReplyTo = ReplyTo,
                CorrelationId = call.Id,
                Expiration = ((long)budget.TotalMilliseconds).ToString(CultureInfo.InvariantCulture),
            };
            await channel.BasicPublishAsync("", FnWire.Queue, mandatory: false, properties, FnWire.Write(FnRequestHead.Of(call, isDetached), call.Body), cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            logger.LogWarning("Call {CallId} could not be sent to a worker: {Reason}", call.Id, exception.GetBaseException().Message);
            throw new NotSentException(exception);
        }
    }

    private async ValueTask<IChannel> ChannelAsync(CancellationToken cancellationToken)
    {
        if (_channel is { IsOpen: true } open)
            return open;
        await _connecting.WaitAsync(cancellationToken);
        try
        {
            if (_channel is { IsOpen: true } opened)
                return opened;
            if (_connection is { } old)
                await old.AbortAsync(TimeSpan.FromSeconds(1));
            _connection = await broker.ConnectAsync("invocations", cancellationToken);
            var channel = await _connection.CreateChannelAsync(cancellationToken: cancellationToken);
            await FnQueue.DeclareAsync(channel, cancellationToken);
            var consumer = new AsyncEventingBasicConsumer(channel);
            consumer.ReceivedAsync += (_, delivery) =>
            {
                if (delivery.BasicProperties.CorrelationId is { } id && _waiting.TryRemove(id, out var reply))
                    reply.TrySetResult(delivery.Body.ToArray());
                return Task.CompletedTask;
            };
            channel.ChannelShutdownAsync += (_, _) =>
            {
                // The answers were on their way to this channel.
                foreach (var reply in _waiting.Values)
                    reply.TrySetException(new IOException("The broker went away."));
                return Task.CompletedTask;
            };
            await channel.BasicConsumeAsync(ReplyTo, autoAck: true, consumer, cancellationToken);
            return _channel = channel;
        }
        finally
        {
            _connecting.Release();
        }
    }

    private async Task CancelAsync(string callId)
    {
        try
        {
            await using var command = source.CreateCommand($"SELECT pg_notify('{CallSignals.Channel}', $1)");
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = CallSignals.CancelledPrefix + callId });
            await command.ExecuteNonQueryAsync();
        }
        catch (NpgsqlException exception)
        {
            logger.LogWarning("Call {CallId} could not be cancelled: {Reason}", callId, exception.Message);
        }
    }

    private static InvocationOutcome Failed(InvocationFailure failure) => new() { Failure = failure, Message = failure.Message(), Status = failure.Status() };

    private sealed class NotSentException(Exception innerException) : Exception("The invocation was not sent.", innerException);
}
