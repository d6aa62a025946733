using System.Diagnostics.Metrics;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Sagas.Clones;

/// <summary>The instruments of clones.</summary>
public sealed class CloneMetrics
{
    private static readonly double[] Seconds = [0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

    private readonly Histogram<double> _creation;
    private readonly Histogram<double> _work;

    public CloneMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(OrchestratorMetrics.MeterName);
        var buckets = new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds };
        _creation = meter.CreateHistogram<double>("orchestrator.clone.creation", "s", "From the request for a clone until it takes connections.", tags: null, buckets);
        _work = meter.CreateHistogram<double>("orchestrator.clone.work", "s", "What a host took for one work on a clone or snapshot.", tags: null, buckets);
    }

    public void Created(TimeSpan time) => _creation.Record(time.TotalSeconds);

    /// <summary>Counts a work by its kind, such as <c>create</c>, and whether it succeeded.</summary>
    public void Worked(string kind, bool isDone, TimeSpan time) =>
        _work.Record(time.TotalSeconds, new("work", kind), new("outcome", isDone ? "done" : "failed"));
}
