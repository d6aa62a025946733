using System.Diagnostics;
using Microsoft.Extensions.Options;
using Orchestrator.Sagas.Calls;
using Orchestrator.Sagas.Telemetry;
using Orchestrator.Workers.Calls.Agent;

namespace Orchestrator.Workers.Calls;

/// <summary>Runs functions in this process's agent.</summary>
public sealed class LocalFnInvoker(
    IFunctionAgent agent, FnCatalog catalog, RunningCalls running, StartedCalls started, CallRounds rounds, CallMetrics metrics,
    IOptions<CallsOptions> options, TimeProvider time, ILogger<LocalFnInvoker> logger) : IFnInvoker
{
    /// <inheritdoc/>
    public async Task<InvocationOutcome> InvokeAsync(FnCall call, CancellationToken cancellationToken)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        running.Add(call.Id, cancellation);
        using var span = Span(call);
        var isHot = false;
        try
        {
            var outcome = await agent.InvokeAsync(
                Invocation(call, span) with
                {
                    PlacementBudget = options.Value.PlacementBudget,
                    OnStart = (start, _) =>
                    {
                        isHot = start.Hot;
                        return ValueTask.FromResult(true);
                    },
                },
                cancellation.Token);
            if (outcome.Failure is not null)
                span?.SetStatus(ActivityStatusCode.Error, outcome.Message);
            if (outcome.StartedAt is not null)
                metrics.Started(isHot);
            _ = WriteAsync(call, CallType.Sync, outcome);
            return outcome;
        }
        finally
        {
            running.Remove(call.Id);
        }
    }

    /// <inheritdoc/>
    public async Task<InvocationOutcome?> BeginAsync(FnCall call, CancellationToken cancellationToken)
    {
        var specId = await catalog.SpecIdAsync(call.Fn, cancellationToken);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var cancellation = new CancellationTokenSource();
        var run = RunAsync(call, specId, begun, cancellation);
        // Whoever asked has gone: what has not begun is not to.
        await using (cancellationToken.Register(() =>
        {
            if (!begun.Task.IsCompleted)
                running.Cancel(call.Id);
        }))
        {
            await Task.WhenAny(begun.Task, run);
        }

        return begun.Task.IsCompletedSuccessfully ? null : await run;
    }

    private async Task<InvocationOutcome> RunAsync(FnCall call, long specId, TaskCompletionSource begun, CancellationTokenSource cancellation)
    {
        using var own = cancellation;
        var span = Span(call);
        running.Add(call.Id, cancellation);
        var newCall = NewCall(call, CallType.Detached, specId);
        try
        {
            var outcome = await agent.InvokeAsync(
                Invocation(call, span) with { PlacementBudget = options.Value.DetachedPlacementBudget, OnStart = BeginAsync }, cancellation.Token);
            if (outcome.Failure is not null)
                span?.SetStatus(ActivityStatusCode.Error, outcome.Message);
            var end = CallOutcomes.End(call.Id, rounds.Worker, outcome, options.Value.MaxResultBytes, keepResult: true);
            if (begun.Task.IsCompleted)
                _ = rounds.EndAsync(end);
            else if (outcome.Failure is not InvocationFailure.Refused)
                started.Add(new StartedCall(newCall, StartedAt: null, time.GetUtcNow(), end, rounds.Worker, Container: null));
            return outcome;
        }
        catch (Exception exception)
        {
            logger.LogWarning("Call {CallId} could not begin: {Reason}", call.Id, exception.GetBaseException().Message);
            // Whether its row was written is unknown. If it was, this ends it.
            _ = rounds.EndAsync(new CallEnd { Id = call.Id, Worker = rounds.Worker, Status = CallStatus.Error, Reason = CallReason.StartFailed, Error = "It could not be written down." });
            throw;
        }
        finally
        {
            running.Remove(call.Id);
            span?.Dispose();
        }

        async ValueTask<bool> BeginAsync(ExecutionStart start, CancellationToken cancellationToken)
        {
            var row = new StartedCall(newCall, time.GetUtcNow(), CompletedAt: null, End: null, rounds.Worker, ContainerName.Of(start));
            if (!await started.BeginAsync(row, cancellationToken))
                return false;
            metrics.Started(start.Hot);
            begun.TrySetResult();
            return true;
        }
    }

    private async Task WriteAsync(FnCall call, string type, InvocationOutcome outcome)
    {
        try
        {
            // What never began because the caller went, or there was no room, was no call.
            var end = CallOutcomes.End(call.Id, rounds.Worker, outcome, options.Value.MaxResultBytes, keepResult: false);
            if (outcome.Failure is InvocationFailure.Cancelled)
                end = end with { Status = CallStatus.Cancelled, Reason = CallReason.ClientRequest, Error = null };
            var newCall = NewCall(call, type, await catalog.SpecIdAsync(call.Fn, CancellationToken.None));
            started.Add(new StartedCall(newCall, outcome.StartedAt, time.GetUtcNow(), end, rounds.Worker, Container: null));
        }
        catch (Exception exception)
        {
            logger.LogWarning("Call {CallId} cannot be written down: {Reason}", call.Id, exception.GetBaseException().Message);
        }
    }

    private static Activity? Span(FnCall call)
    {
        _ = ActivityContext.TryParse(call.TraceParent, null, isRemote: true, out var cause);
        return OrchestratorActivity.Source.StartActivity(ActivityKind.Client, cause, name: "call run")?
            .SetTag("orchestrator.call.id", call.Id).SetTag("orchestrator.fn.id", call.Fn.Spec.FnId);
    }

    private static Invocation Invocation(FnCall call, Activity? span)
    {
        var headers = call.Headers;
        if ((span?.Id ?? call.TraceParent) is { } parent)
            headers = [.. headers, new(TraceHeaders.TraceParent, parent)];
        return new Invocation { CallId = call.Id, Function = FunctionSpecs.Of(call.Fn), Headers = headers, Body = call.Body, PlacementBudget = TimeSpan.Zero };
    }

    internal static NewCall NewCall(FnCall call, string type, long specId) => new()
    {
        Id = call.Id,
        FnId = call.Fn.Spec.FnId,
        SpecId = specId,
        Type = type,
        TriggerId = call.TriggerId,
        Url = call.Url,
        Method = call.Method,
        Headers = CallHeaders.Write(call.Headers),
        CallbackUrl = call.CallbackUrl,
        CreatedAt = call.CreatedAt,
        TraceId = call.TraceId,
        TraceParent = call.TraceParent,
        Actor = call.Actor,
    };
}
