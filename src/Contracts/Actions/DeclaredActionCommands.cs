namespace Orchestrator.Contracts.Actions;

/// <summary>
/// Command: register a declared action, or a version of it. Answered by <see cref="ActionRegistered"/> unless the newest
/// version says the same already. A definition that is refused is a dead letter with every error and its place.
/// </summary>
[MessageName("orchestrator.actions.register-action")]
public sealed record RegisterAction
{
    /// <summary>Made by the caller; a repeat with the same one does nothing.</summary>
    public required Guid RegistrationId { get; init; }

    /// <summary>The text, in YAML or JSON. At most 262,144 characters.</summary>
    public required string Definition { get; init; }
}

/// <summary>
/// Command: let no further deployment of a declared action begin. Answered by <see cref="ActionDeleted"/>; nothing happens
/// when there is no such action.
/// </summary>
[MessageName("orchestrator.actions.delete-action")]
public sealed record DeleteAction
{
    /// <summary>Default: the generic action of that name.</summary>
    public string? Application { get; init; }
    public required string Action { get; init; }
}
