using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Sagas.Calls;
using Orchestrator.Workers.Calls.Agent;

namespace Orchestrator.Workers.Calls;

/// <summary>Turns what the agent says of a call into what is written down of it.</summary>
internal static class CallOutcomes
{
    private const long NanosecondsPerTick = 100;

    public static CallEnd End(string id, int worker, InvocationOutcome outcome, int maxResultBytes, bool keepResult)
    {
        var isSuccess = outcome.Failure is null;
        var isKept = isSuccess && keepResult && outcome.Body.Length <= maxResultBytes;
        return new CallEnd
        {
            Id = id,
            Worker = worker,
            Status = isSuccess ? CallStatus.Success : CallStatus.Error,
            Reason = outcome.Failure switch
            {
                null => null,
                // Cancelled by a client it would be in that state already; so the worker stops.
                InvocationFailure.Cancelled or InvocationFailure.Fenced => CallReason.Killed,
                var failure => failure.Value.Reason(),
            },
            Error = isSuccess ? null : outcome.Failure is InvocationFailure.Cancelled or InvocationFailure.Fenced ? "The worker stopped." : outcome.Message,
            ExecutionDuration = outcome.StartedAt is null ? null : outcome.ExecutionDuration.Ticks * NanosecondsPerTick,
            ResultStatus = isSuccess ? (short)outcome.Status : null,
            ResultHeaders = isSuccess && keepResult ? CallHeaders.Write(outcome.Headers) : null,
            Result = isKept ? outcome.Body.ToArray() : null,
            Stats = Stats(outcome.Stats),
            Log = outcome.Log.ToArray(),
        };
    }

    private static string? Stats(IReadOnlyList<StatsPoint> points)
    {
        if (points.Count == 0)
            return null;
        var list = new JsonArray();
        foreach (var point in points)
        {
            var metrics = new JsonObject();
            foreach (var (name, value) in point.Metrics)
                metrics[name] = value;
            list.Add(new JsonObject { ["timestamp"] = FnJson.Format(point.Timestamp), ["metrics"] = metrics });
        }

        return list.ToJsonString(JsonSerializerOptions.Default);
    }
}
