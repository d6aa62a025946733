using System.Collections.Concurrent;
using Orchestrator.Sagas.Calls;
using Orchestrator.Workers.Calls.Agent;
using Orchestrator.Workers.Runtimes;

namespace Orchestrator.Workers.Calls;

/// <summary>What the agent needs to know of a fn, made once for each version of it.</summary>
public sealed class FunctionSpecs(FnCatalog catalog)
{
    /// <summary>Annotation that gives a fn the network of its machine, with the value <c>"host"</c>.</summary>
    public const string NetworkAnnotation = "orchestrator/network";

    private const int MaxEntries = 10_000;

    private readonly ConcurrentDictionary<long, FunctionSpec> _specs = new();

    public static FunctionSpec Of(FnEntry fn) => (FunctionSpec)(fn.Derived ??= Of(fn.Spec));

    public async ValueTask<FunctionSpec> OfAsync(long specId, CancellationToken cancellationToken)
    {
        if (_specs.TryGetValue(specId, out var known))
            return known;
        if (_specs.Count > MaxEntries)
            _specs.Clear();
        return _specs.GetOrAdd(specId, Of(await catalog.SpecAsync(specId, cancellationToken)));
    }

    private static FunctionSpec Of(FnSpec fn) => new()
    {
        FnId = fn.FnId,
        FnName = fn.FnName,
        AppId = fn.AppId,
        AppName = fn.AppName,
        Image = fn.Image,
        MemoryMiB = (int)fn.Memory,
        MilliCpus = fn.Cpus.Value,
        TmpfsMiB = fn.TmpfsSize,
        Timeout = TimeSpan.FromSeconds(fn.Timeout),
        IdleTimeout = TimeSpan.FromSeconds(fn.IdleTimeout),
        MaxConcurrency = fn.MaxConcurrency == 0 ? null : fn.MaxConcurrency,
        Config = fn.Config,
        Network = fn.Annotations.TryGetValue(NetworkAnnotation, out var network) && network is "\"host\"" ? ContainerNetwork.Host : default,
    };
}
