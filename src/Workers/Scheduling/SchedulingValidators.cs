using FluentValidation;
using MassTransit.Scheduling;
using Orchestrator.Sagas.Messaging;

namespace Orchestrator.Workers.Scheduling;

/// <summary>What a request to schedule a message must have.</summary>
public sealed class ScheduleMessageValidator : AbstractValidator<ScheduleMessage>
{
    public ScheduleMessageValidator()
    {
        RuleFor(m => m.CorrelationId).NotEmpty().WithMessage("correlationId must be the token of the schedule, a UUID.");
        RuleFor(m => m.ScheduledTime).NotEmpty().WithMessage("scheduledTime must be a time.");
        RuleFor(m => m.Payload).NotNull().WithMessage("payload must be the message to send.");
        RuleFor(m => m.PayloadType).NotEmpty().WithMessage("payloadType must name the types of the payload.");
        RuleFor(m => m.Destination).Must(destination => BrokerAddress.Of(destination) is not null)
            .WithMessage("destination must be queue:NAME, exchange:NAME or rabbitmq://host/vhost/NAME.");
    }
}

/// <summary>What a request to cancel a scheduled message must have.</summary>
public sealed class CancelScheduledMessageValidator : AbstractValidator<CancelScheduledMessage>
{
    public CancelScheduledMessageValidator() =>
        RuleFor(m => m.TokenId).NotEmpty().WithMessage("tokenId must be the token of the schedule, a UUID.");
}
