using System.Text.Json;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Sagas.Messaging;

namespace Orchestrator.Sagas.Jobs;

/// <summary>Turns commands into changes: validated, labels in normal form.</summary>
public sealed class JobChanges(CommandValidation validation, Labels labels)
{
    /// <exception cref="InvalidMessageException">The command is not valid.</exception>
    public JobChange Of(EnqueueJob command)
    {
        validation.Demand(command);
        return new JobChange
        {
            Kind = JobEventKind.Queued,
            Platform = command.Platform,
            Id = command.Id,
            Labels = labels.OfJob(command.Platform, command.Labels),
            CreatedAt = command.CreatedAt,
            Raw = RawText(command.Raw),
        };
    }

    /// <exception cref="InvalidMessageException">The command is not valid.</exception>
    public JobChange Of(StartJob command)
    {
        validation.Demand(command);
        return new JobChange
        {
            Kind = command.Labels is null ? JobEventKind.StartedWithoutLabels : JobEventKind.Started,
            Platform = command.Platform,
            Id = command.Id,
            Labels = command.Labels is null ? null : labels.OfJob(command.Platform, command.Labels),
            CreatedAt = command.CreatedAt,
            StartedAt = command.StartedAt,
            Raw = RawText(command.Raw),
        };
    }

    /// <exception cref="InvalidMessageException">The command is not valid.</exception>
    public JobChange Of(CompleteJob command)
    {
        validation.Demand(command);
        return new JobChange
        {
            Kind = JobEventKind.Completed,
            Platform = command.Platform,
            Id = command.Id,
            Labels = command.Labels is null ? null : labels.OfJob(command.Platform, command.Labels),
            CreatedAt = command.CreatedAt,
            StartedAt = command.StartedAt,
            CompletedAt = command.CompletedAt,
            Raw = RawText(command.Raw),
        };
    }

    private static string? RawText(JsonElement? raw) => raw is { ValueKind: JsonValueKind.Object } value ? value.GetRawText() : null;
}
