using FluentValidation;
using MassTransit;
using MassTransit.Configuration;
using MassTransit.Scheduling;
using Orchestrator.Sagas.Duties;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence.Timers;

namespace Orchestrator.Workers.Scheduling;

/// <summary>Serves MassTransit's scheduler contracts.</summary>
public static class SchedulingRegistration
{
    public static IServiceCollection AddScheduling(this IServiceCollection services)
    {
        services.AddSingleton<IValidator<ScheduleMessage>, ScheduleMessageValidator>();
        services.AddSingleton<IValidator<CancelScheduledMessage>, CancelScheduledMessageValidator>();
        services.AddSingleton<IValidator<CronDue>, CronDueValidator>();
        services.AddDuty<RestoreCronTimers>();
        return services;
    }

    public static void AddSchedulingConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<ScheduleMessageConsumer, SchedulingDefinition<ScheduleMessageConsumer>>();
        bus.AddConsumer<CronDueConsumer, CronDueConsumerDefinition>();
        bus.AddConsumer<CancelScheduledMessageConsumer, SchedulingDefinition<CancelScheduledMessageConsumer>>();
    }
}

/// <summary>One queue for both contracts, as their senders know one address: so it takes envelopes only, which name their type.</summary>
public sealed class SchedulingDefinition<TConsumer> : ConsumerDefinition<TConsumer>
    where TConsumer : class, IConsumer
{
    public SchedulingDefinition() => EndpointName = SchedulerQueue.Name;

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<TConsumer> consumerConfigurator, IRegistrationContext context)
    {
        endpointConfigurator.PrefetchCount = 64;
        endpointConfigurator.ConcurrentMessageLimit = 16;
        endpointConfigurator.ClearSerialization();
        endpointConfigurator.AddSerializer(new SystemTextJsonMessageSerializerFactory());
        endpointConfigurator.AddDeserializer(new SystemTextJsonMessageSerializerFactory(), isDefault: true);
    }
}
