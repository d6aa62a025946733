namespace Orchestrator.Workers.Clones.Storage;

/// <summary>All providers, and the choice among them.</summary>
internal sealed class CloneProviders
{
    /// <summary>The best first: constant time, then time by the number of files, then time by the size.</summary>
    private static readonly ICloneProvider[] Known = [new BtrfsSnapshots(), new OverlayOnXfs(), new ReflinkCopy(), new PlainCopy()];

    private CloneProviders(ICloneProvider chosen, IReadOnlyDictionary<string, string> unavailable) => (Chosen, Unavailable) = (chosen, unavailable);

    /// <summary>Makes what is new.</summary>
    public ICloneProvider Chosen { get; }

    /// <summary>Why the better ones are not chosen.</summary>
    public IReadOnlyDictionary<string, string> Unavailable { get; }

    /// <summary>The one that made an existing clone.</summary>
    public static ICloneProvider Named(string name) =>
        Array.Find(Known, provider => provider.Name == name) ?? throw new IOException($"there is no provider {name}");

    /// <param name="wanted"><c>auto</c>, or the name of one that must do.</param>
    /// <param name="directory">Where it has to work; scratch directories are made in it.</param>
    /// <param name="cancellationToken">Ends the probing.</param>
    /// <exception cref="Orchestrator.Sagas.SettingException">The wanted one cannot work there.</exception>
    public static async Task<CloneProviders> ChooseAsync(string wanted, string directory, CancellationToken cancellationToken)
    {
        var unavailable = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var provider in Known.Where(provider => wanted is "auto" || provider.Name == wanted))
        {
            if (await provider.ProbeAsync(directory, cancellationToken) is not { } reason)
                return new CloneProviders(provider, unavailable);
            unavailable[provider.Name] = reason;
        }

        throw new Orchestrator.Sagas.SettingException($"Clones:Provider is {wanted}, which cannot work in {directory}: {string.Join("; ", unavailable.Values)}");
    }
}
