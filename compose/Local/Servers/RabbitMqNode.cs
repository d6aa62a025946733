namespace Orchestrator.Local.Servers;

/// <summary>The remembered identity of a private RabbitMQ node.</summary>
internal sealed record RabbitMqNode(string Name, string Password, string Cookie, int Amqp, int Management, int Distribution, int Epmd)
{
    public const string UserName = "orchestrator";

    public static RabbitMqNode Load(ServerDirectory directory)
    {
        var settings = directory.Remember(new Dictionary<string, Func<string>>(StringComparer.Ordinal)
        {
            // The data directory is bound to the node's name, so it is drawn once and kept.
            ["node"] = () => $"orchestrator-{RandomSecret.Create()[..12]}@localhost",
            ["password"] = RandomSecret.Create,
            ["cookie"] = RandomSecret.Create,
        });
        var ports = directory.RememberPorts("amqp", "management", "distribution", "epmd");
        return new RabbitMqNode(settings["node"], settings["password"], settings["cookie"], ports[0], ports[1], ports[2], ports[3]);
    }
}
