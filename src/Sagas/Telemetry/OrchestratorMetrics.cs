using System.Diagnostics.Metrics;

namespace Orchestrator.Sagas.Telemetry;

/// <summary>Our own instruments.</summary>
public sealed class OrchestratorMetrics
{
    public const string MeterName = "Orchestrator";

    private readonly Counter<long> _consumed;
    private readonly Counter<long> _discarded;
    private readonly Counter<long> _duplicates;
    private readonly Counter<long> _deadLetters;
    private readonly Counter<long> _mended;
    private readonly Histogram<double> _waiting;
    private readonly Histogram<double> _running;

    public OrchestratorMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _consumed = meter.CreateCounter<long>("orchestrator.job.consumed", "{message}", "Job messages handled.");
        _discarded = meter.CreateCounter<long>("orchestrator.job.discarded", "{message}", "Job messages that concern no machine.");
        _duplicates = meter.CreateCounter<long>("orchestrator.inbox.duplicates", "{message}", "Messages that had been handled before.");
        _deadLetters = meter.CreateCounter<long>("orchestrator.dead_letters", "{message}", "Messages given up.");
        _mended = meter.CreateCounter<long>("orchestrator.job.mended", "{job}", "What the reconcile had to mend; expected 0.");
        _waiting = meter.CreateHistogram<double>("orchestrator.job.waiting", "s", "From created to started.");
        _running = meter.CreateHistogram<double>("orchestrator.job.running", "s", "From started to completed.");
    }

    public void Consumed(string platform, string what, long count) =>
        _consumed.Add(count, new("platform", platform), new("event", what));

    public void Discarded(string reason) => _discarded.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Duplicates(string consumer, long count) =>
        _duplicates.Add(count, new KeyValuePair<string, object?>("consumer", consumer));

    public void DeadLetter(string queue) => _deadLetters.Add(1, new KeyValuePair<string, object?>("queue", queue));

    public void Mended(long count) => _mended.Add(count);

    public void Waiting(string platform, TimeSpan time) =>
        _waiting.Record(Math.Max(0, time.TotalSeconds), new KeyValuePair<string, object?>("platform", platform));

    public void Running(string platform, TimeSpan time) =>
        _running.Record(Math.Max(0, time.TotalSeconds), new KeyValuePair<string, object?>("platform", platform));
}
