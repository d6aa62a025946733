using Microsoft.Extensions.Options;

namespace Orchestrator.Sagas.Jobs;

/// <summary>Brings labels into the form in which they are stored and compared.</summary>
public sealed class Labels(IOptions<JobsOptions> options)
{
    private readonly HashSet<string> _defaults =
        new(options.Value.EffectiveDefaultLabels.Select(label => label.ToLowerInvariant()), StringComparer.Ordinal);

    /// <summary>Lower case; on platform <c>github</c> without the default labels. The order is kept.</summary>
    public IReadOnlyList<string> OfJob(string platform, IReadOnlyList<string> labels)
    {
        var isGithub = string.Equals(platform, "github", StringComparison.Ordinal);
        var normal = new List<string>(labels.Count);
        foreach (var label in labels)
        {
            var lower = label.ToLowerInvariant();
            if (!isGithub || !_defaults.Contains(lower))
                normal.Add(lower);
        }

        return normal;
    }

    /// <summary>Lower case.</summary>
    public static IReadOnlyList<string> OfFlavor(IReadOnlyList<string> labels) =>
        [.. labels.Select(label => label.ToLowerInvariant())];
}
