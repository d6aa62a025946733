namespace Orchestrator.Sagas.Jobs;

/// <summary>What one flavor is to a job.</summary>
/// <param name="Flavor">The flavor as it is now.</param>
/// <param name="MissingLabels">Labels of the job that it does not offer.</param>
/// <param name="IsChosen">True for the flavor that the job has.</param>
/// <param name="Reason">Why it was chosen or not, in words.</param>
public sealed record FlavorVerdict(Flavor Flavor, IReadOnlyList<string> MissingLabels, bool IsChosen, string Reason)
{
    /// <summary>True when the flavor offers every label of the job; a disabled one may match too.</summary>
    public bool IsMatch => MissingLabels.Count == 0;
}

/// <summary>Says why a job has the flavor that it has, or none.</summary>
public static class JobExplanation
{
    /// <summary>A verdict on every flavor of the job's platform, the best first.</summary>
    public static IReadOnlyList<FlavorVerdict> Of(Job job, IReadOnlyList<Flavor> flavors)
    {
        var fitting = flavors.Where(flavor => !flavor.IsDisabled && Missing(job, flavor).Count == 0).ToList();
        var best = fitting.Count == 0 ? 0 : fitting.Max(flavor => flavor.Priority);
        return
        [
            .. flavors
                .OrderByDescending(flavor => fitting.Contains(flavor)).ThenByDescending(flavor => flavor.Priority)
                .ThenBy(flavor => flavor.Name, StringComparer.Ordinal)
                .Select(flavor => Verdict(job, flavor, best)),
        ];
    }

    private static FlavorVerdict Verdict(Job job, Flavor flavor, int best)
    {
        var missing = Missing(job, flavor);
        var isChosen = string.Equals(flavor.Name, job.AssignedFlavor, StringComparison.Ordinal);
        return new FlavorVerdict(flavor, missing, isChosen, Reason(job, flavor, missing, isChosen, best));
    }

    private static string Reason(Job job, Flavor flavor, IReadOnlyList<string> missing, bool isChosen, int best)
    {
        if (isChosen)
        {
            return job.CompletedAt is not null ? "The job completed on it."
                : flavor.Priority < best ? "It was the best when the job came; a job stays where it is while its flavor fits."
                : "Of the enabled flavors that offer all labels none has a higher priority.";
        }

        if (missing.Count > 0)
            return $"It does not offer {string.Join(", ", missing)}.";
        if (flavor.IsDisabled)
            return "It offers all labels, but is disabled.";
        if (job.CompletedAt is not null)
            return "It offers all labels, but the job is completed and is not assigned any more.";
        if (job.AssignedFlavor is null)
            return "It offers all labels, but the labels of the job are not known for certain before it is enqueued.";
        return flavor.Priority == best
            ? "It offers all labels, but another flavor was drawn or was there before."
            : "It offers all labels, but a flavor with a higher priority does too.";
    }

    private static List<string> Missing(Job job, Flavor flavor) =>
        [.. job.Labels.Distinct(StringComparer.Ordinal).Where(label => !flavor.Labels.Contains(label, StringComparer.Ordinal))];
}
