using System.Diagnostics;
using Npgsql;
using Orchestrator.Contracts.Actions;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Persistence.SagaStorage;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Sagas.Actions;

/// <summary>
/// Moves deployments within a transaction: rows, attempts, data, errors, the timeline and the message that makes the next
/// job run commit together. Requests, bus commands and workers all come here.
/// </summary>
public sealed class DeploymentEngine(DeploymentMachine machine, ActionCatalogue catalogue, TimeProvider time)
{
    public const string Kind = "deployment";

    /// <summary>Lets events happen, in their order; one move for each.</summary>
    /// <param name="transaction">Commits what comes of them; a refused event leaves nothing.</param>
    /// <param name="events">Of any number of deployments.</param>
    /// <param name="cancellationToken">Ends the wait for the database.</param>
    /// <exception cref="RestoreWithoutDeploymentException">One that is not there was told to go on; nothing else has happened.</exception>
    /// <exception cref="RestoreWithoutActionException">Nobody has ever advertised the list of jobs that one is pinned to.</exception>
    /// <exception cref="NpgsqlException">The database is away, or refuses a value.</exception>
    public async Task<IReadOnlyList<DeploymentMove>> ApplyAsync(
        DurableTransaction transaction, IReadOnlyList<DeploymentEvent> events, CancellationToken cancellationToken)
    {
        var ids = events.Select(e => e.DeploymentId).Distinct().Order().ToArray();
        var rows = await LoadAsync(transaction, ids, events, cancellationToken);
        var begun = new List<Deployment>();
        var changed = new List<Deployment>();
        var steps = new List<(Deployment, DeploymentStep)>(events.Count);
        var moves = new List<DeploymentMove>(events.Count);
        foreach (var item in events)
        {
            if (!rows.TryGetValue(item.DeploymentId, out var row))
            {
                if (item.Message is not ExecuteAction command)
                {
                    if (item.Message is ResumeDeployment or RedriveDeployment or Contracts.Actions.RetryRollback or Contracts.Actions.SkipRollback)
                        throw new RestoreWithoutDeploymentException();
                    moves.Add(DeploymentMove.NotFound);
                    continue;
                }

                row = new Row(New(command, item), IsClaimed: false, Claimed: 0);
                rows.Add(item.DeploymentId, row);
                begun.Add(row.Deployment);
            }

            var refusal = await MoveAsync(row, item, transaction, cancellationToken);
            moves.Add(new DeploymentMove(row.Deployment, refusal));
            if (refusal is not null)
                continue;
            steps.Add((row.Deployment, row.Deployment.Step));
            if (!begun.Contains(row.Deployment) && !changed.Contains(row.Deployment))
                changed.Add(row.Deployment);
        }

        DeploymentTable.Write(transaction, begun, changed, steps);
        return moves;
    }

    private async Task<Dictionary<Guid, Row>> LoadAsync(
        DurableTransaction transaction, Guid[] ids, IReadOnlyList<DeploymentEvent> events, CancellationToken cancellationToken)
    {
        // Of a deployment that does not exist yet there is no row to lock.
        var locks = events.Where(e => e.Message is ExecuteAction).Select(e => e.DeploymentId).Distinct().Order()
            .Select(id => SagaLock.Take(Kind, id)).ToList();
        var loaded = await DeploymentTable.LoadAsync(transaction, ids, locks, cancellationToken);
        return loaded.ToDictionary(
            row => row.Deployment.CorrelationId, row => new Row(row.Deployment, row.IsClaimed, row.Deployment.Attempt));
    }

    private async Task<string?> MoveAsync(Row row, DeploymentEvent item, DurableTransaction transaction, CancellationToken cancellationToken)
    {
        var deployment = row.Deployment;
        var pinned = deployment.Hash;
        if (item.Message is RedriveDeployment && deployment.Status is DeploymentStatus.Finished)
            deployment.Hash = await catalogue.HashForRedriveAsync(deployment, cancellationToken);
        deployment.Step = new DeploymentStep
        {
            Jobs = item.Jobs ?? await catalogue.ListAsync(deployment.Hash, cancellationToken) ?? throw new RestoreWithoutActionException(),
            IsClaimed = row.IsClaimed && deployment.Attempt == row.Claimed,
            Actor = item.Actor,
        };
        var before = deployment.State;
        await machine.RaiseAsync(deployment, item.Message);
        if (deployment.Step.Refusal is { } why)
        {
            deployment.Hash = pinned;
            return $"Deployment {deployment.CorrelationId} is {Describe(deployment)}: {why}.";
        }

        Send(transaction, deployment, before);
        return null;
    }

    private void Send(DurableTransaction transaction, Deployment deployment, string before)
    {
        var step = deployment.Step;
        var trace = TraceOf(deployment);
        if (step.Begun is { } attempt)
        {
            var run = new RunJob { DeploymentId = deployment.CorrelationId, Attempt = attempt.Attempt, Job = attempt.Job, Hash = deployment.Hash };
            if (attempt.Delay == TimeSpan.Zero)
                transaction.Publish(Envelope.Command(run, time.GetUtcNow(), trace));
            else
                transaction.Schedule(run, Guid.CreateVersion7(), attempt.Delay, trace);
        }

        foreach (var message in step.Events)
        {
            if (message is DeploymentStarted started)
                transaction.Publish(started, trace);
            else if (message is DeploymentFinished finished)
                transaction.Publish(finished, trace);
        }

        foreach (var line in step.Lines)
        {
            transaction.Record(new ResourceEvent
            {
                Kind = Kind,
                Key = deployment.CorrelationId.ToString(),
                What = line.What,
                FromState = before,
                ToState = deployment.State,
                Reason = line.Reason,
                Actor = step.Actor,
                TraceId = deployment.TraceId,
            });
        }
    }

    private static string Describe(Deployment deployment) =>
        deployment.Outcome is { } outcome ? $"{deployment.State} ({outcome})" : deployment.State;

    private Deployment New(ExecuteAction command, DeploymentEvent item)
    {
        var trace = item.Trace != default
            ? item.Trace
            : new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.None);
        return new Deployment
        {
            CorrelationId = command.DeploymentId,
            Application = command.Application ?? "",
            Action = command.Action,
            GroupId = command.GroupId,
            Hash = item.Jobs!.Hash,
            Actor = item.Actor,
            CreatedAt = time.GetUtcNow(),
            TraceId = trace.TraceId.ToHexString(),
            TraceParent = TraceHeaders.Format(trace),
        };
    }

    /// <summary>The context that all spans of a deployment have as their parent.</summary>
    public static ActivityContext TraceOf(Deployment deployment) => ParseTrace(deployment.TraceParent);

    /// <inheritdoc cref="TraceOf"/>
    public static ActivityContext ParseTrace(string? traceParent) =>
        ActivityContext.TryParse(traceParent, null, isRemote: true, out var context) ? context : default;

    private sealed record Row(Deployment Deployment, bool IsClaimed, int Claimed);
}
