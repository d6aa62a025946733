namespace Orchestrator.Contracts;

/// <summary>
/// The RabbitMQ exchange that carries a message. It is part of the wire contract: once released it never changes.
/// </summary>
/// <param name="name">A short, lower-case, dotted name such as <c>orchestrator.jobs.enqueue-job</c>.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class MessageNameAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}
