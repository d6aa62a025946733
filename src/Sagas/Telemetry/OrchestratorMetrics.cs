using System.Diagnostics.Metrics;

namespace Orchestrator.Sagas.Telemetry;

/// <summary>Our own instruments.</summary>
public sealed class OrchestratorMetrics
{
    public const string MeterName = "Orchestrator";

    /// <summary>Seconds, as in the original planner: from at once to hours.</summary>
    private static readonly double[] WaitingBuckets = [0, 1, 2.5, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400];

    /// <summary>Seconds: timers are meant to be at most a quarter late.</summary>
    private static readonly double[] LatenessBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600];

    private static readonly double[] RunningBuckets = [.. WaitingBuckets, 21600];

    private readonly Counter<long> _consumed;
    private readonly Counter<long> _discarded;
    private readonly Counter<long> _duplicates;
    private readonly Counter<long> _deadLetters;
    private readonly Counter<long> _mended;
    private readonly Histogram<double> _lateness;
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
        _lateness = meter.CreateHistogram<double>("orchestrator.timer.lateness", "s", "From due to fired.", tags: null, Buckets(LatenessBuckets));
        _waiting = meter.CreateHistogram<double>("orchestrator.job.waiting", "s", "From created to started.", tags: null, Buckets(WaitingBuckets));
        _running = meter.CreateHistogram<double>("orchestrator.job.running", "s", "From started to completed.", tags: null, Buckets(RunningBuckets));
    }

    public void Consumed(string platform, string what, long count) =>
        _consumed.Add(count, new("platform", platform), new("event", what));

    public void Discarded(string reason) => _discarded.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Duplicates(string consumer, long count) =>
        _duplicates.Add(count, new KeyValuePair<string, object?>("consumer", consumer));

    public void DeadLetter(string queue) => _deadLetters.Add(1, new KeyValuePair<string, object?>("queue", queue));

    public void Mended(long count) => _mended.Add(count);

    public void TimerFired(TimeSpan lateness) => _lateness.Record(lateness.TotalSeconds);

    public void Waiting(string platform, TimeSpan time) =>
        _waiting.Record(Math.Max(0, time.TotalSeconds), new KeyValuePair<string, object?>("platform", platform));

    public void Running(string platform, TimeSpan time) =>
        _running.Record(Math.Max(0, time.TotalSeconds), new KeyValuePair<string, object?>("platform", platform));

    private static InstrumentAdvice<double> Buckets(double[] seconds) => new() { HistogramBucketBoundaries = seconds };
}
