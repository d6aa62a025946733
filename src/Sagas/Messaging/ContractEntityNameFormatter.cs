using System.Reflection;
using MassTransit;
using Orchestrator.Contracts;

namespace Orchestrator.Sagas.Messaging;

/// <summary>Names exchanges after <see cref="MessageNameAttribute"/> where a message has one.</summary>
public sealed class ContractEntityNameFormatter(IEntityNameFormatter fallback) : IEntityNameFormatter
{
    public string FormatEntityName<T>() =>
        typeof(T).GetCustomAttribute<MessageNameAttribute>()?.Name ?? fallback.FormatEntityName<T>();
}
