using System.Diagnostics;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Messaging;

namespace Orchestrator.Workers.Jobs;

/// <summary>The readable messages of a batch, joined to one change per job.</summary>
public sealed class JobBatch
{
    private readonly List<JobChange> _changes = [];
    private readonly List<(Guid? MessageId, int Change)> _receipts = [];
    private readonly List<JobDelivery> _causes = [];
    private readonly Dictionary<(string Platform, string Id), int> _index = [];

    public JobBatch(IReadOnlyList<JobDelivery> deliveries)
    {
        foreach (var delivery in deliveries)
        {
            if (delivery.Change is not { } change)
                continue;
            var key = (change.Platform, change.Id);
            if (_index.TryGetValue(key, out var at))
            {
                _changes[at] = _changes[at].Merge(change);
            }
            else
            {
                at = _index[key] = _changes.Count;
                _changes.Add(change);
                _causes.Add(delivery);
            }

            _receipts.Add((delivery.MessageId, at));
        }
    }

    public IReadOnlyList<JobChange> Changes => _changes;

    /// <summary>The messages, and which change each is part of.</summary>
    public IReadOnlyList<(Guid? MessageId, int Change)> Receipts => _receipts;

    public IReadOnlyList<string?> TraceIds =>
        [.. _causes.Select(cause => cause.Trace == default ? null : cause.Trace.TraceId.ToHexString())];

    /// <summary>The span of the first message that concerns the job.</summary>
    public ActivityContext CauseOf(JobOutcome outcome) => _causes[_index[(outcome.Platform, outcome.Id)]].Trace;

    /// <summary>Who published the first message that concerns the job.</summary>
    public string ActorOf(JobOutcome outcome) => _causes[_index[(outcome.Platform, outcome.Id)]].Message.ReceiveContext.Publisher();
}
