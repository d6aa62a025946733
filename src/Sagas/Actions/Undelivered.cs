using System.Net.Mime;
using MassTransit;
using MassTransit.Context;

namespace Orchestrator.Sagas.Actions;

/// <summary>
/// Stands for the delivery that an event raised in memory does not come in. Whoever asks it for more than a state machine
/// needs gets the exception of <see cref="MissingConsumeContext"/>.
/// </summary>
internal sealed class Undelivered : MissingConsumeContext, ConsumeContext, ReceiveContext
{
    public new static readonly Undelivered Instance = new();

    ReceiveContext ConsumeContext.ReceiveContext => this;

    SerializerContext ConsumeContext.SerializerContext => null!;

    CancellationToken PipeContext.CancellationToken => CancellationToken.None;

    TimeSpan ReceiveContext.ElapsedTime => TimeSpan.Zero;

    Uri ReceiveContext.InputAddress => null!;

    ContentType ReceiveContext.ContentType => null!;

    bool ReceiveContext.Redelivered => false;

    Headers ReceiveContext.TransportHeaders => null!;

    Task ReceiveContext.ReceiveCompleted => Task.CompletedTask;

    bool ReceiveContext.IsDelivered => false;

    bool ReceiveContext.IsFaulted => false;

    ISendEndpointProvider ReceiveContext.SendEndpointProvider => null!;

    IPublishEndpointProvider ReceiveContext.PublishEndpointProvider => null!;

    bool ReceiveContext.PublishFaults => false;

    MessageBody ReceiveContext.Body => null!;

    bool PipeContext.HasPayloadType(Type payloadType) => false;

    bool PipeContext.TryGetPayload<T>(out T payload)
    {
        payload = null!;
        return false;
    }

    T PipeContext.GetOrAddPayload<T>(PayloadFactory<T> payloadFactory) => payloadFactory();

    T PipeContext.AddOrUpdatePayload<T>(PayloadFactory<T> addFactory, UpdatePayloadFactory<T> updateFactory) => addFactory();

    Task ReceiveContext.NotifyConsumed<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType) => Task.CompletedTask;

    Task ReceiveContext.NotifyFaulted<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception) => Task.CompletedTask;

    Task ReceiveContext.NotifyFaulted(Exception exception) => Task.CompletedTask;

    void ReceiveContext.AddReceiveTask(Task task)
    {
        // Nobody waits for it.
    }
}
