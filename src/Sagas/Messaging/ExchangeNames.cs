using System.Reflection;
using Orchestrator.Contracts;

namespace Orchestrator.Sagas.Messaging;

/// <summary>The exchanges of the wire contract.</summary>
public static class ExchangeNames
{
    /// <summary>Where the upstream webhook gateway publishes raw deliveries: direct and durable.</summary>
    public const string GithubWorkflowJobs = "github-workflow-jobs";

    /// <summary>The one routing key on <see cref="GithubWorkflowJobs"/>.</summary>
    public const string WorkflowJobRoutingKey = "workflow-job";

    /// <summary>Exchange and queue that collect what could not be handled.</summary>
    public const string DeadLetter = "orchestrator.dead-letter";

    /// <summary>The exchange of a contract.</summary>
    /// <exception cref="InvalidOperationException">The type carries no <see cref="MessageNameAttribute"/>.</exception>
    public static string Of(Type message) =>
        message.GetCustomAttribute<MessageNameAttribute>()?.Name
        ?? throw new InvalidOperationException($"{message} has no [MessageName].");

    /// <summary>The exchanges of all contracts.</summary>
    public static IReadOnlyList<string> OfContracts { get; } =
        [.. typeof(MessageNameAttribute).Assembly.GetTypes().Select(type => type.GetCustomAttribute<MessageNameAttribute>()?.Name).OfType<string>().Order(StringComparer.Ordinal)];

    /// <summary>True for exchanges that a publisher of ours may declare.</summary>
    public static bool IsOurs(string exchange) =>
        exchange.StartsWith("orchestrator.", StringComparison.Ordinal) || exchange is GithubWorkflowJobs;

    public static string TypeOf(string exchange) => exchange is GithubWorkflowJobs ? "direct" : "fanout";
}
