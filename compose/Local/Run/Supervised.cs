using Orchestrator.Local.Servers;

namespace Orchestrator.Local.Run;

/// <summary>A process that <c>./run</c> keeps alive.</summary>
/// <param name="label">As the console calls it.</param>
/// <param name="pidKeys">Its names in <c>.run/env</c>.</param>
internal abstract class Supervised(string label, params string[] pidKeys)
{
    public string Label => label;

    public IReadOnlyList<string> PidKeys => pidKeys;

    /// <summary>The process of now; another one after a restart.</summary>
    public abstract ChildProcess? Process { get; }

    /// <summary>Called when there is a new process, before it is ready.</summary>
    public Action Spawned { get; set; } = () => { };

    /// <summary>Starts it, or starts it again after it died; returns when it is ready.</summary>
    /// <exception cref="ServerStartException">It ended, or was not ready in time.</exception>
    public abstract Task StartAsync(CancellationToken cancellationToken);

    /// <summary>The orderly end; certain after half a minute.</summary>
    public abstract Task StopAsync();
}
