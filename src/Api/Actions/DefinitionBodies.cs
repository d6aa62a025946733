using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Actions.Declarative;

namespace Orchestrator.Api.Actions;

/// <summary>A definition as JSON; <c>GET /api/v1/schemas/action</c> has all of it.</summary>
public sealed record DefinitionDocument
{
    public required string Action { get; init; }
    public string? Application { get; init; }
    public string? Description { get; init; }
    public string? RollbackFailure { get; init; }
    public IReadOnlyDictionary<string, JsonElement>? Input { get; init; }
    public required IReadOnlyList<DefinitionJob> Jobs { get; init; }
}

/// <summary>A job of a definition.</summary>
public sealed record DefinitionJob
{
    public required string Name { get; init; }

    /// <summary>Which built-in job it is.</summary>
    public required string Uses { get; init; }
    public JsonElement? With { get; init; }
    public JsonElement? Policy { get; init; }
}

/// <summary>What became of a registration.</summary>
public sealed record RegistrationBody
{
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Application { get; init; }
    public required string Action { get; init; }

    /// <summary>The newest version now.</summary>
    public required int Version { get; init; }

    /// <summary>What its deployments are pinned by.</summary>
    public required string Hash { get; init; }

    /// <summary>False when the newest version said the same already.</summary>
    public required bool IsNew { get; init; }

    public static RegistrationBody Of(Registration registration) => new()
    {
        Application = registration.Version.Key.Application is { Length: > 0 } application ? application : null,
        Action = registration.Version.Key.Name,
        Version = registration.Version.Version,
        Hash = registration.Version.Hash,
        IsNew = registration.IsNew,
    };
}

/// <summary>A definition that would be taken.</summary>
public sealed record RehearsalBody([property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Application, string Action, IReadOnlyList<string> Jobs);

/// <summary>A version of a declared action.</summary>
public sealed record VersionBody
{
    public required int Version { get; init; }
    public required string Hash { get; init; }

    /// <summary>yaml or json.</summary>
    public required string Format { get; init; }

    /// <summary>The text as it was sent.</summary>
    public required string Definition { get; init; }
    public string? CreatedBy { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    public static VersionBody Of(DeclaredVersion version) => new()
    {
        Version = version.Version,
        Hash = version.Hash,
        Format = JsonNamingPolicy.CamelCase.ConvertName(version.Format.ToString()),
        Definition = version.Definition,
        CreatedBy = version.Actor,
        CreatedAt = version.CreatedAt,
    };
}

/// <summary>Every version of an action.</summary>
public sealed record VersionPage(
    IReadOnlyList<VersionBody> Items, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? NextCursor);

/// <summary>One action, with its definition where it is a declared one.</summary>
public sealed record ActionDetails
{
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Application { get; init; }
    public required string Action { get; init; }

    /// <summary>code or declared.</summary>
    public required string Source { get; init; }
    public string? Description { get; init; }

    /// <summary>Alias of what it takes; nil: nothing.</summary>
    public required string InputType { get; init; }

    /// <summary>JSON Schema of what it takes.</summary>
    public JsonElement? InputSchema { get; init; }
    public required string Hash { get; init; }
    public required IReadOnlyList<ListedJob> Jobs { get; init; }

    /// <summary>The newest version; of a declared action.</summary>
    public VersionBody? Newest { get; init; }

    public static ActionDetails Of(JobList list, DeclaredVersion? newest) => new()
    {
        Application = list.Application.Length == 0 ? null : list.Application,
        Action = list.Action,
        Source = list.Source,
        Description = list.Description,
        InputType = list.InputType,
        InputSchema = list.InputSchema is { } schema ? JsonElement.Parse(schema) : null,
        Hash = list.Hash,
        Jobs = list.Jobs,
        Newest = newest is null ? null : VersionBody.Of(newest),
    };
}
