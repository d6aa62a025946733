using System.Diagnostics;
using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Sagas.Calls;
using Orchestrator.Sagas.Telemetry;
using Orchestrator.Workers.Calls.Agent;

namespace Orchestrator.Workers.Calls;

/// <summary>Executes queued calls, one slot and the call that it gets at a time, and has written down how they end.</summary>
public sealed class QueuedRuns(
    IFunctionAgent agent, CallRounds rounds, RunningCalls running, CallMetrics metrics, NpgsqlDataSource source, IOptions<CallsOptions> options)
{
    /// <summary>For a slot that was claimed: its container starts meanwhile.</summary>
    private static readonly TimeSpan StartBudget = TimeSpan.FromMinutes(11);

    /// <summary>Gets a container ready and runs the call of the spec that is next at that moment, if there still is one.</summary>
    /// <param name="specId">Row of the spec.</param>
    /// <param name="spec">The spec.</param>
    /// <param name="claim">The slot.</param>
    /// <param name="got">Called when it is decided whether there is a call.</param>
    public async Task ExecuteNextAsync(long specId, FunctionSpec spec, SlotClaim claim, Action got)
    {
        using var cancellation = new CancellationTokenSource();
        using var own = claim;
        Execution? execution = null;
        var outcome = await agent.InvokeAsync(
            new Invocation { CallId = "", Function = spec, PlacementBudget = StartBudget, Claim = claim, Choose = ChooseAsync }, cancellation.Token);
        if (execution is not null)
            End(execution, outcome);
        else if (outcome.Failure is InvocationFailure.Image or InvocationFailure.StartFailed or InvocationFailure.StartTimedOut or InvocationFailure.ExceedsMachine)
            await FailNextAsync(specId, outcome, got);

        async ValueTask<Invocation?> ChooseAsync(ExecutionStart start, CancellationToken cancellationToken)
        {
            if (await rounds.ClaimAsync(specId, ContainerName.Of(start), got) is not { } call)
                return null;
            metrics.Started(start.Hot);
            metrics.Waited(call.Waited);
            execution = Begin(call, spec, cancellation);
            return execution.Invocation;
        }
    }

    /// <summary>Runs a call that is running already as far as the table knows.</summary>
    public async Task ExecuteFoundAsync(ClaimedCall call, FunctionSpec spec)
    {
        using var cancellation = new CancellationTokenSource();
        var execution = Begin(call, spec, cancellation);
        var invocation = execution.Invocation with { OnStart = (start, cancellationToken) => MoveAsync(call, start, cancellationToken) };
        End(execution, await agent.InvokeAsync(invocation, cancellation.Token));
    }

    /// <summary>Ends the next call of a spec for which no container comes up.</summary>
    public Task FailNextAsync(long specId, InvocationFailure failure, Action got) => FailNextAsync(
        specId, new InvocationOutcome { Failure = failure, Message = failure.Message(), Status = failure.Status() }, got);

    private async Task FailNextAsync(long specId, InvocationOutcome outcome, Action got)
    {
        if (await rounds.ClaimAsync(specId, "", got) is { } call)
            Write(call, outcome);
    }

    private Execution Begin(ClaimedCall call, FunctionSpec spec, CancellationTokenSource cancellation)
    {
        running.Add(call.Id, cancellation);
        _ = ActivityContext.TryParse(call.TraceParent, null, isRemote: true, out var cause);
        var span = OrchestratorActivity.Source.StartActivity(ActivityKind.Consumer, cause, name: "call run");
        span?.SetTag("orchestrator.call.id", call.Id).SetTag("orchestrator.fn.id", spec.FnId);
        var headers = CallHeaders.Read(call.Headers);
        if ((span?.Id ?? call.TraceParent) is { } parent)
            headers.Add(new(TraceHeaders.TraceParent, parent));
        return new Execution(
            call, new Invocation { CallId = call.Id, Function = spec, Headers = headers, Body = call.Payload, PlacementBudget = StartBudget }, span);
    }

    private void End(Execution execution, InvocationOutcome outcome)
    {
        running.Remove(execution.Call.Id);
        if (outcome.Failure is not null)
            execution.Span?.SetStatus(ActivityStatusCode.Error, outcome.Message);
        execution.Span?.Dispose();
        Write(execution.Call, outcome);
    }

    // Not waited for: the next call of the fn begins in the round that writes this end.
    private void Write(ClaimedCall call, InvocationOutcome outcome) =>
        _ = rounds.EndAsync(CallOutcomes.End(call.Id, rounds.Worker, outcome, options.Value.MaxResultBytes, keepResult: true));

    private async ValueTask<bool> MoveAsync(ClaimedCall call, ExecutionStart start, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("UPDATE call SET container = $2 WHERE id = $1 AND status = 'running' AND worker = $3");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = call.Id });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = ContainerName.Of(start) });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = rounds.Worker });
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    private sealed record Execution(ClaimedCall Call, Invocation Invocation, Activity? Span);
}
