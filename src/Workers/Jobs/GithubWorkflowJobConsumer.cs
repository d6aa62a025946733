using MassTransit;
using MassTransit.Configuration;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Workers.Jobs;

/// <summary>
/// Takes GitHub's deliveries as they came: from our webhook, or from the upstream webhook gateway, which publishes
/// the same to the same exchange.
/// </summary>
public sealed class GithubWorkflowJobConsumer(JobIntake intake, GithubDelivery github, OrchestratorMetrics metrics)
    : IConsumer<Batch<OpaqueDelivery>>
{
    public Task Consume(ConsumeContext<Batch<OpaqueDelivery>> context) =>
        intake.TakeAsync(context, "github-workflow-job", Read);

    private JobChange? Read(ConsumeContext<OpaqueDelivery> message)
    {
        message.ReceiveContext.TransportHeaders.TryGetHeader("X-GitHub-Event", out var eventName);
        var change = github.Read(eventName as string, message.ReceiveContext.GetBody());
        if (change is null)
            metrics.Discarded("github");
        return change;
    }
}

/// <summary>Binds the queue to the upstream gateway's exchange.</summary>
public sealed class GithubWorkflowJobConsumerDefinition : JobBatchDefinition<GithubWorkflowJobConsumer>
{
    public GithubWorkflowJobConsumerDefinition()
        : base("orchestrator-github-workflow-job")
    {
        Endpoint(e => e.ConfigureConsumeTopology = false);
    }

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<GithubWorkflowJobConsumer> consumerConfigurator,
        IRegistrationContext context)
    {
        base.ConfigureConsumer(endpointConfigurator, consumerConfigurator, context);
        endpointConfigurator.ConfigureConsumeTopology = false;
        endpointConfigurator.ClearSerialization();
        endpointConfigurator.AddSerializer(new SystemTextJsonMessageSerializerFactory());
        endpointConfigurator.AddDeserializer(new OpaqueDeserializer(), isDefault: true);
        if (endpointConfigurator is IRabbitMqReceiveEndpointConfigurator queue)
        {
            queue.Bind(ExchangeNames.GithubWorkflowJobs, exchange =>
            {
                exchange.ExchangeType = "direct";
                exchange.Durable = true;
                exchange.RoutingKey = ExchangeNames.WorkflowJobRoutingKey;
            });
        }
    }
}
