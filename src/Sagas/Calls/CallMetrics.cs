using System.Diagnostics.Metrics;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Sagas.Calls;

/// <summary>Instruments of calls.</summary>
public sealed class CallMetrics
{
    private static readonly double[] Seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600];

    private readonly Counter<long> _accepted;
    private readonly Counter<long> _ended;
    private readonly Counter<long> _starts;
    private readonly Counter<long> _late;
    private readonly Histogram<double> _waiting;
    private readonly Histogram<double> _running;

    public CallMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(OrchestratorMetrics.MeterName);
        _accepted = meter.CreateCounter<long>("orchestrator.call.accepted", "{call}", "Calls stored to be run.");
        _ended = meter.CreateCounter<long>("orchestrator.call.ended", "{call}", "Calls that ended, by type, status and reason.");
        _starts = meter.CreateCounter<long>("orchestrator.call.starts", "{call}", "Executions that began, in a hot or a cold container.");
        _late = meter.CreateCounter<long>("orchestrator.call.late", "{call}", "Delayed calls that were queued more than 250 ms after they were due.");
        var buckets = new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds };
        _waiting = meter.CreateHistogram<double>("orchestrator.call.waiting", "s", "From queued to started.", tags: null, buckets);
        _running = meter.CreateHistogram<double>("orchestrator.call.running", "s", "From started to completed.", tags: null, buckets);
    }

    public void Accepted(long count) => _accepted.Add(count);

    public void Started(bool isHot) => _starts.Add(1, new KeyValuePair<string, object?>("container", isHot ? "hot" : "cold"));

    public void Waited(TimeSpan time) => _waiting.Record(Math.Max(0, time.TotalSeconds));

    public void Late(long count) => _late.Add(count);

    public void Ended(string type, string status, string? reason, TimeSpan time)
    {
        _ended.Add(1, new("type", type), new("status", status), new("reason", reason ?? ""));
        _running.Record(Math.Max(0, time.TotalSeconds), new KeyValuePair<string, object?>("type", type));
    }
}
