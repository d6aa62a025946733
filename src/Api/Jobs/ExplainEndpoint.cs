using System.Text.Json.Serialization;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Jobs;

namespace Orchestrator.Api.Jobs;

/// <summary>Why a job has the flavor that it has, or none.</summary>
public sealed record Explanation
{
    public required string Platform { get; init; }
    public required string Id { get; init; }

    /// <summary>The labels as compared.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    [JsonPropertyName("assigned_flavor"), JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required string? AssignedFlavor { get; init; }

    /// <summary>Every flavor of the platform, the best first.</summary>
    public required IReadOnlyList<ExplainedFlavor> Flavors { get; init; }
}

/// <summary>What one flavor is to the job.</summary>
public sealed record ExplainedFlavor
{
    public required string Name { get; init; }
    public required int Priority { get; init; }
    public required IReadOnlyList<string> Labels { get; init; }

    [JsonPropertyName("is_disabled")]
    public required bool IsDisabled { get; init; }

    /// <summary>True when it offers every label.</summary>
    public required bool Matched { get; init; }

    /// <summary>The labels that it does not offer.</summary>
    [JsonPropertyName("missing_labels")]
    public required IReadOnlyList<string> MissingLabels { get; init; }

    /// <summary>True for the flavor that the job has.</summary>
    public required bool Chosen { get; init; }

    public required string Reason { get; init; }
}

/// <inheritdoc cref="Explanation"/>
public static class ExplainEndpoint
{
    public static IEndpointRouteBuilder MapExplain(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/api/v1/jobs/{platform}/{id}/explain", ExplainAsync)
            .WithName("ExplainJob").WithTags("Jobs").RequireScope(Scopes.Jobs, isDropIn: true)
            .Describe(JobDocs.Explain);
        return endpoints;
    }

    private static async Task<IResult> ExplainAsync(
        string platform, string id, JobReader jobs, FlavorReader flavors, CancellationToken cancellationToken)
    {
        (platform, id) = (RouteText.Decoded(platform), RouteText.Decoded(id));
        if (await jobs.ReadAsync(platform, id, cancellationToken) is not { } job)
            return JobErrors.NoJob(platform, id);
        var verdicts = JobExplanation.Of(job, await flavors.ListAsync(platform, cancellationToken));
        return Results.Ok(new Explanation
        {
            Platform = job.Platform,
            Id = job.Id,
            Labels = job.Labels,
            AssignedFlavor = job.AssignedFlavor,
            Flavors = [.. verdicts.Select(Body)],
        });
    }

    private static ExplainedFlavor Body(FlavorVerdict verdict) => new()
    {
        Name = verdict.Flavor.Name,
        Priority = verdict.Flavor.Priority,
        Labels = verdict.Flavor.Labels,
        IsDisabled = verdict.Flavor.IsDisabled,
        Matched = verdict.IsMatch,
        MissingLabels = verdict.MissingLabels,
        Chosen = verdict.IsChosen,
        Reason = verdict.Reason,
    };
}
