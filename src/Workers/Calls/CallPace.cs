using System.Collections.Concurrent;
using Orchestrator.Sagas.Calls;
using Orchestrator.Workers.Calls.Agent;

namespace Orchestrator.Workers.Calls;

/// <summary>
/// How many queued calls a slot takes at once. One, as long as a call takes longer than it takes to write down that it ended; of
/// shorter ones so many that a container does not wait for the database after each.
/// </summary>
public sealed class CallPace
{
    private const int MaxEntries = 10_000;

    /// <summary>Taken calls are to have begun within this time, as far as one can know.</summary>
    private static readonly TimeSpan Horizon = TimeSpan.FromMilliseconds(20);

    /// <summary>What is known of the backlog is to keep every processor busy.</summary>
    private static readonly int Most = Math.Clamp(CallTable.BacklogLimit / (2 * Environment.ProcessorCount), 1, 32);

    /// <summary>Milliseconds that a call of a spec takes.</summary>
    private readonly ConcurrentDictionary<long, double> _took = new();

    public int AtOnce(long specId, FunctionSpec spec)
    {
        // With so few containers a call that takes long would hold up those behind it.
        if (spec.MaxConcurrency is not null || !_took.TryGetValue(specId, out var took))
            return 1;
        return (int)Math.Clamp(Horizon.TotalMilliseconds / Math.Max(took, 0.1), 1, Most);
    }

    /// <summary>Learns from a call: quickly that calls take long, slowly that they do not.</summary>
    public void Took(long specId, TimeSpan time)
    {
        var now = time.TotalMilliseconds;
        if (_took.Count > MaxEntries)
            _took.Clear();
        _took[specId] = _took.TryGetValue(specId, out var before) ? before + ((now - before) * (now > before ? 0.5 : 0.1)) : now;
    }
}
