using Microsoft.Net.Http.Headers;
using Orchestrator.Api.Http;
using Orchestrator.Sagas.Calls;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Calls;

/// <summary>Waits until a call has ended.</summary>
public sealed class CallWait(CallReader calls, Timelines timelines, TimelineFeed feed, IHostApplicationLifetime lifetime, TimeProvider time)
{
    /// <summary>The answer itself, or with <c>Prefer: wait</c> the call that it accepted, if that has ended before the time is up.</summary>
    public async Task<IResult> AnswerAsync(HttpContext http, string fnId, IResult answer)
    {
        // Of a repeated request too, it is the location that says which call.
        if (answer is not Answer { IsRefusal: false } accepted || Prefer.Wait(http.Request) is not { } patience
            || !accepted.Headers.TryGetValue(HeaderNames.Location, out var location))
            return answer;
        var call = await UntilEndedAsync(fnId, location[(location.LastIndexOf('/') + 1)..], patience, http.RequestAborted);
        Prefer.Applied(http.Response, patience);
        if (!CallStatus.IsTerminal(call.Status))
            return answer;
        http.Response.Headers.Location = location;
        http.Response.Headers[InvokeHeaders.CallIdHeader] = call.Id;
        return FnRequests.Ok(CallBody.Of(call));
    }

    /// <summary>The call as it is when it has ended, or when the time is up or the process stops.</summary>
    /// <exception cref="FnException">There is no such call.</exception>
    public async Task<Call> UntilEndedAsync(string fnId, string callId, TimeSpan patience, CancellationToken cancellationToken)
    {
        // First the place in the timeline, then the call: what happens in between is seen twice rather than never.
        var from = new TimelinePosition(CallEditor.Kind, callId, await timelines.LastIdAsync(CallEditor.Kind, callId, cancellationToken));
        var call = await calls.ReadAsync(fnId, callId, cancellationToken);
        if (CallStatus.IsTerminal(call.Status))
            return call;
        using var deadline = new CancellationTokenSource(patience, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token, lifetime.ApplicationStopping);
        using var subscription = feed.Follow(from);
        try
        {
            while (!CallStatus.IsTerminal(call.Status))
            {
                await subscription.NextAsync(ending.Token);
                call = await calls.ReadAsync(fnId, callId, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            call = await calls.ReadAsync(fnId, callId, cancellationToken);
        }

        return call;
    }
}
