namespace Orchestrator.Local.Servers;

/// <summary>Servers that the user runs and names in the environment.</summary>
public static class NamedServers
{
    private const int DefaultManagementPort = 15672;

    /// <summary>From <c>ORCHESTRATOR_POSTGRES</c>, an Npgsql connection string of a user who may create databases; null when unset.</summary>
    public static PostgresServer? Postgres() =>
        Variable("ORCHESTRATOR_POSTGRES") is { } connectionString ? new PostgresServer(connectionString) : null;

    /// <summary>
    /// From <c>ORCHESTRATOR_RABBITMQ</c>, an AMQP address of an administrator, and <c>ORCHESTRATOR_RABBITMQ_MANAGEMENT</c>,
    /// the address of its management API with credentials (default: the same host and user, port 15672); null when unset.
    /// </summary>
    public static RabbitMqServer? RabbitMq()
    {
        if (Variable("ORCHESTRATOR_RABBITMQ") is not { } text)
            return null;
        var amqp = new Uri(text);
        var management = Variable("ORCHESTRATOR_RABBITMQ_MANAGEMENT")
            ?? $"http://{amqp.UserInfo}@{amqp.Host}:{DefaultManagementPort}/";
        return new RabbitMqServer(amqp, new Uri(management));
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
