using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Sagas.Jobs;

namespace Orchestrator.Api.Jobs;

/// <summary>A flavor as it is read.</summary>
public sealed record FlavorBody
{
    public required string Platform { get; init; }
    public required string Name { get; init; }

    /// <summary>What the machine offers, in lower case.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>Among fitting flavors the highest wins.</summary>
    public required int Priority { get; init; }

    /// <summary>A disabled flavor takes no jobs.</summary>
    [JsonPropertyName("is_disabled")]
    public required bool IsDisabled { get; init; }

    /// <summary>Machines wanted even without jobs.</summary>
    [JsonPropertyName("minimum_pressure")]
    public required int MinimumPressure { get; init; }

    /// <summary>Most machines ever wanted; null: no bound.</summary>
    [JsonPropertyName("maximum_pressure"), JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required int? MaximumPressure { get; init; }

    /// <summary>The instances by which its demand is served; null: they are not made by us.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required ProvisionBody? Provision { get; init; }

    [JsonPropertyName("created_at")]
    public required DateTimeOffset CreatedAt { get; init; }

    [JsonPropertyName("updated_at")]
    public required DateTimeOffset UpdatedAt { get; init; }

    public static FlavorBody Of(Flavor flavor) => new()
    {
        Platform = flavor.Platform,
        Name = flavor.Name,
        Labels = flavor.Labels,
        Priority = flavor.Priority,
        IsDisabled = flavor.IsDisabled,
        MinimumPressure = flavor.MinimumPressure,
        MaximumPressure = flavor.MaximumPressure,
        Provision = flavor is { ProvisionApp: { } app, ProvisionInstanceType: { } type } ? new ProvisionBody(app, flavor.ProvisionRegion, type) : null,
        CreatedAt = flavor.CreatedAt,
        UpdatedAt = flavor.UpdatedAt,
    };
}

/// <summary>How the instances are made by which the demand of a flavor is served.</summary>
/// <param name="App">Id of the app.</param>
/// <param name="Region">Id of the region; null: anywhere.</param>
/// <param name="InstanceType">A size, such as small.</param>
public sealed record ProvisionBody(
    long App, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] long? Region, [property: JsonPropertyName("instance_type")] string InstanceType);

/// <summary>How the instances are to be made by which the demand of a flavor is served.</summary>
public sealed record ProvisionRequest
{
    /// <summary>The app, by id or by name.</summary>
    public JsonElement? App { get; init; }

    /// <summary>The region, by id or by name. Default: anywhere.</summary>
    public JsonElement? Region { get; init; }

    /// <summary>A size, such as small. Default: small.</summary>
    [JsonPropertyName("instance_type")]
    public string? InstanceType { get; init; }
}

/// <summary>A flavor as it is created, replaced or changed.</summary>
public sealed record FlavorRequest
{
    /// <summary>Where jobs come from, such as github. Default: the query's platform, else github.</summary>
    public string? Platform { get; init; }

    /// <summary>What the machine offers; compared without regard to case.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Among fitting flavors the highest wins. Default: 0.</summary>
    public int? Priority { get; init; }

    /// <summary>A disabled flavor takes no jobs. Default: false.</summary>
    [JsonPropertyName("is_disabled")]
    public bool? IsDisabled { get; init; }

    /// <summary>Machines wanted even without jobs, 0 or more. Default: 0.</summary>
    [JsonPropertyName("minimum_pressure")]
    public int? MinimumPressure { get; init; }

    /// <summary>Most machines ever wanted, at least the minimum; null: no bound, the default.</summary>
    [JsonPropertyName("maximum_pressure")]
    public int? MaximumPressure
    {
        get;
        init => (field, NamesMaximum) = (value, true);
    }

    /// <summary>The instances by which its demand is served; null: they are not made by us, the default.</summary>
    public ProvisionRequest? Provision
    {
        get;
        init => (field, NamesProvision) = (value, true);
    }

    /// <summary>True when the body says something about the template, be it null.</summary>
    [JsonIgnore]
    public bool NamesProvision { get; private init; }

    /// <summary>True when the body says something about the maximum, be it null.</summary>
    [JsonIgnore]
    public bool NamesMaximum { get; private init; }

    /// <summary>True when the body names nothing that can be changed.</summary>
    [JsonIgnore]
    public bool IsEmpty =>
        Labels is null && Priority is null && IsDisabled is null && MinimumPressure is null && !NamesMaximum && !NamesProvision;
}
