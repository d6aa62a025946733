using System.Diagnostics;
using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Sagas.Calls;
using Orchestrator.Sagas.Telemetry;
using Orchestrator.Workers.Calls.Agent;

namespace Orchestrator.Workers.Calls;

/// <summary>Executes queued calls, a slot and the calls that it takes at a time, and has written down how they end.</summary>
public sealed class QueuedRuns(
    IFunctionAgent agent, CallRounds rounds, RunningCalls running, BegunCalls begun, CallPace pace, CallMetrics metrics, NpgsqlDataSource source,
    IOptions<CallsOptions> options, ILogger<QueuedRuns> logger)
{
    /// <summary>For a slot that was claimed: its container starts meanwhile.</summary>
    private static readonly TimeSpan StartBudget = TimeSpan.FromMinutes(11);

    /// <summary>A call that was taken waits so long behind another at the most, and twice as long when that is noticed late.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(40);

    /// <summary>Hears of calls that need a slot of their own: the one that took them is held up, or lost its container.</summary>
    public Action<Execution> WhenLeft { get; set; } = _ => { };

    /// <summary>Gets a container ready and runs the calls of the spec that are next at that moment, if there still are any.</summary>
    /// <param name="specId">Row of the spec.</param>
    /// <param name="spec">The spec.</param>
    /// <param name="claim">The slot.</param>
    /// <param name="most">How many calls it takes at the most.</param>
    /// <param name="got">Called when it is decided whether there are any.</param>
    public async Task ExecuteNextAsync(long specId, FunctionSpec spec, SlotClaim claim, int most, Action got)
    {
        using var own = claim;
        var isHot = false;
        var calls = new SlotCalls(
            start =>
            {
                isHot = start.Hot;
                return rounds.ClaimAsync(specId, ContainerName.Of(start), most, got);
            },
            call =>
            {
                metrics.Started(isHot);
                metrics.Waited(call.Waited);
                isHot = true;
                return Take(call, spec);
            },
            execution => begun.Add(execution.Call.Id),
            End);
        var serving = ServeAsync(spec, claim, calls);
        if (most > 1)
            await LeaveWhenHeldUpAsync(calls, serving);
        var outcome = await serving;
        calls.TakeWaiting().ForEach(WhenLeft);
        if (outcome?.Failure is InvocationFailure.Image or InvocationFailure.StartFailed or InvocationFailure.StartTimedOut or InvocationFailure.ExceedsMachine)
            await FailNextAsync(specId, outcome, got);
    }

    /// <summary>Runs a call that is running already as far as the table knows, in a slot that it waits for.</summary>
    public async Task ExecuteAsync(Execution execution)
    {
        var invocation = execution.Invocation with { OnStart = (start, cancellationToken) => MoveAsync(execution.Call, start, cancellationToken) };
        End(execution, await agent.InvokeAsync(invocation, invocation.Cancellation));
    }

    /// <summary>Ends the next call of a spec for which no container comes up.</summary>
    public Task FailNextAsync(long specId, InvocationFailure failure, Action got) => FailNextAsync(
        specId, new InvocationOutcome { Failure = failure, Message = failure.Message(), Status = failure.Status() }, got);

    /// <summary>A call that was given to this worker; from here on it can be cancelled.</summary>
    public Execution Take(ClaimedCall call, FunctionSpec spec)
    {
        var cancellation = new CancellationTokenSource();
        running.Add(call.Id, cancellation);
        _ = ActivityContext.TryParse(call.TraceParent, null, isRemote: true, out var cause);
        var span = OrchestratorActivity.Source.StartActivity(ActivityKind.Consumer, cause, name: "call run");
        span?.SetTag("orchestrator.call.id", call.Id).SetTag("orchestrator.fn.id", spec.FnId);
        var headers = CallHeaders.Read(call.Headers);
        if ((span?.Id ?? call.TraceParent) is { } parent)
            headers.Add(new(TraceHeaders.TraceParent, parent));
        var invocation = new Invocation
        {
            CallId = call.Id,
            Function = spec,
            Headers = headers,
            Body = call.Payload,
            PlacementBudget = StartBudget,
            Cancellation = cancellation.Token,
        };
        return new Execution(call, invocation, cancellation, span);
    }

    private async Task<InvocationOutcome?> ServeAsync(FunctionSpec spec, SlotClaim claim, SlotCalls calls)
    {
        try
        {
            return await agent.ServeAsync(spec, claim, StartBudget, calls);
        }
        catch (Exception exception) when (calls.Current is not null)
        {
            logger.LogError(exception, "A call of {FnId} broke off", spec.FnId);
            calls.Ended(new InvocationOutcome { Failure = InvocationFailure.BadExit, Message = InvocationFailure.BadExit.Message(), Status = InvocationFailure.BadExit.Status() });
            return null;
        }
    }

    private async Task LeaveWhenHeldUpAsync(SlotCalls calls, Task serving)
    {
        for (var before = calls.Progress; await Task.WhenAny(serving, Task.Delay(LongestWait)) != serving;)
        {
            var now = calls.Progress;
            if (now.Waiting > 0 && now.Executed == before.Executed && now.Executed > 0)
                calls.TakeWaiting().ForEach(WhenLeft);
            before = now;
        }
    }

    private async Task FailNextAsync(long specId, InvocationOutcome outcome, Action got)
    {
        foreach (var call in await rounds.ClaimAsync(specId, "", 1, got))
            Write(call, outcome);
    }

    private void End(Execution execution, InvocationOutcome outcome)
    {
        running.Remove(execution.Call.Id);
        execution.Cancellation.Dispose();
        if (outcome.Failure is not null)
            execution.Span?.SetStatus(ActivityStatusCode.Error, outcome.Message);
        execution.Span?.Dispose();
        if (outcome.StartedAt is not null)
            pace.Took(execution.Call.SpecId, outcome.ExecutionDuration);
        Write(execution.Call, outcome);
    }

    // Not waited for: the next call of the fn begins in the round that writes this end.
    private void Write(ClaimedCall call, InvocationOutcome outcome) => _ = WriteAsync(call, outcome);

    private async Task WriteAsync(ClaimedCall call, InvocationOutcome outcome)
    {
        await rounds.EndAsync(CallOutcomes.End(call.Id, rounds.Worker, outcome, options.Value.MaxResultBytes, keepResult: true));
        begun.Remove(call.Id);
    }

    private async ValueTask<bool> MoveAsync(ClaimedCall call, ExecutionStart start, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("UPDATE call SET container = $2 WHERE id = $1 AND status = 'running' AND worker = $3");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = call.Id });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = ContainerName.Of(start) });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = rounds.Worker });
        if (await command.ExecuteNonQueryAsync(cancellationToken) == 0)
            return false;
        begun.Add(call.Id);
        return true;
    }
}

/// <summary>A call that this worker has taken.</summary>
public sealed record Execution(ClaimedCall Call, Invocation Invocation, CancellationTokenSource Cancellation, Activity? Span);
