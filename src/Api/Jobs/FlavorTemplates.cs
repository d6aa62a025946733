using System.Text.Json;
using Orchestrator.Api.Http;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Sagas.Instances;

namespace Orchestrator.Api.Jobs;

/// <summary>Reads the provision template of a flavor, which names its app and region by id or by name.</summary>
public sealed class FlavorTemplates(AppStore apps)
{
    private const string DefaultType = "small";

    /// <summary>The template with ids; null when there is none.</summary>
    /// <exception cref="ProblemException">There is no such app or region.</exception>
    public async Task<FlavorProvision?> ReadAsync(ProvisionRequest? request, CancellationToken cancellationToken)
    {
        if (request is null)
            return null;
        var app = await FindAsync("provision.app", request.App, async name => (await apps.ListAsync(0, name, 1, cancellationToken)).FirstOrDefault()?.Id,
            id => apps.ExistsAsync(id, cancellationToken))
            ?? throw FieldErrors.One("provision.app", "'provision.app' must be the id or the name of an app.");
        var region = await FindAsync("provision.region", request.Region, async name => (await apps.ListRegionsAsync(0, name, 1, cancellationToken)).FirstOrDefault()?.Id,
            async id => await apps.ReadRegionAsync(id, cancellationToken) is not null);
        return new FlavorProvision { AppId = app, RegionId = region, InstanceType = request.InstanceType ?? DefaultType };
    }

    private static async Task<long?> FindAsync(string field, JsonElement? named, Func<string, Task<long?>> byName, Func<long, Task<bool>> exists)
    {
        if (named is not { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } value)
            return null;
        if (value.ValueKind is JsonValueKind.Number && value.TryGetInt64(out var id) && await exists(id))
            return id;
        if (value.ValueKind is JsonValueKind.String && Sagas.Jobs.JobRules.IsLabel(value.GetString()) && await byName(value.GetString()!) is { } found)
            return found;
        throw FieldErrors.One(field, $"'{field}' must be the id or the name of one that there is.");
    }
}
