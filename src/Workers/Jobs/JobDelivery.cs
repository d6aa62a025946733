using System.Diagnostics;
using MassTransit;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence.DeadLetters;

namespace Orchestrator.Workers.Jobs;

/// <summary>One message of a batch and what became of reading it: a change, nothing, or a dead letter.</summary>
public sealed record JobDelivery(ConsumeContext Message, Guid? MessageId, JobChange? Change, DeadLetter? Rejected)
{
    public ActivityContext Trace { get; } = Message.Trace();
}
