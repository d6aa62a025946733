using System.Globalization;
using System.Text;
using Microsoft.Net.Http.Headers;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Calls;

namespace Orchestrator.Api.Calls;

/// <summary>Calls of a fn: what the original had before it forgot them, and what was asked of it.</summary>
public static class CallEndpoints
{
    public static void MapFnCalls(this RouteGroupBuilder v2)
    {
        var calls = v2.MapGroup("/fns/{fnId}/calls").WithTags("Calls");
        calls.MapGet("", ListAsync).WithName("ListCalls").Describe(CallDocs.List);
        calls.MapGet("/{callId}", ReadAsync).WithName("GetCall").Describe(CallDocs.Read);
        calls.MapGet("/{callId}/log", ReadLogAsync).WithName("GetCallLog").Describe(CallDocs.ReadLog);
        calls.MapGet("/{callId}/result", ReadResultAsync).WithName("GetCallResult").Describe(CallDocs.ReadResult);
        calls.MapGet("/{callId}/events", EventsAsync).WithName("FollowCall").Describe(CallDocs.Events);
        calls.MapPost("/{callId}/cancel", CancelAsync).WithName("CancelCall").Describe(CallDocs.Cancel);
        calls.MapPost("/{callId}/retry", RetryAsync).WithName("RetryCall").Describe(CallDocs.Retry);
    }

    private static async Task<IResult> ListAsync(
        string fnId, HttpRequest request, FnCatalog fns, CallReader calls, CancellationToken cancellationToken)
    {
        await fns.FindAsync(fnId, cancellationToken);
        var before = FnRequests.After(request);
        if (before.Length > 0 && !CallId.IsId(before))
            throw new FnException(FnErrors.InvalidCursor);
        var (from, to) = (Epoch(request, "from_time", FnErrors.FromTimeInvalid), Epoch(request, "to_time", FnErrors.ToTimeInvalid));
        var status = request.Query["status"].ToString() is { Length: > 0 } text ? text : null;
        if (status is not null && !CallStatus.All.Contains(status, StringComparer.Ordinal))
            throw new FnException(new FnError(400, $"status must be one of {string.Join(", ", CallStatus.All)}"));
        var size = FnRequests.PageSize(request);
        var page = await calls.ListAsync(fnId, before, from, to, status, size, cancellationToken);
        return FnRequests.Page([.. page.Select(CallBody.Of)], size, call => call.Id);
    }

    private static async Task<IResult> ReadAsync(
        string fnId, string callId, HttpContext http, FnCatalog fns, CallReader calls, CallWait waiting, CancellationToken cancellationToken)
    {
        await fns.FindAsync(fnId, cancellationToken);
        if (Prefer.Wait(http.Request) is not { } patience)
            return FnRequests.Ok(CallBody.Of(await calls.ReadAsync(fnId, callId, cancellationToken)));
        var call = await waiting.UntilEndedAsync(fnId, callId, patience, cancellationToken);
        Prefer.Applied(http.Response, patience);
        return FnRequests.Ok(CallBody.Of(call));
    }

    // As in the original, a fn that is gone is not looked for.
    private static async Task<IResult> ReadLogAsync(string fnId, string callId, HttpRequest request, CallReader calls, CancellationToken cancellationToken)
    {
        var form = LogForm(request);
        var log = await calls.ReadLogAsync(fnId, callId, cancellationToken) ?? throw new FnException(FnErrors.CallLogNotFound);
        return form is "text/plain"
            ? Results.Bytes(log, "text/plain; charset=utf-8")
            : FnRequests.Ok(new CallLogBody(callId, Encoding.UTF8.GetString(log)));
    }

    private static async Task<IResult> ReadResultAsync(
        string fnId, string callId, HttpResponse response, FnCatalog fns, CallReader calls, CancellationToken cancellationToken)
    {
        await fns.FindAsync(fnId, cancellationToken);
        var call = await calls.ReadAsync(fnId, callId, cancellationToken);
        if (call.Result is null)
            throw new FnException(new FnError(404, "Call result not found"));
        var type = CallHeaders.Read(call.ResultHeaders ?? "{}").FirstOrDefault(header => header.Key.Equals(HeaderNames.ContentType, StringComparison.OrdinalIgnoreCase)).Value;
        // What a function says it is must not become a page of ours.
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = "sandbox";
        return Results.Bytes(call.Result, MediaTypeHeaderValue.TryParse(type, out _) ? type : "application/octet-stream");
    }

    private static async Task<IResult> EventsAsync(
        string fnId, string callId, HttpContext http, FnCatalog fns, CallReader calls, TimelineFeed feed,
        Microsoft.Extensions.Options.IOptions<StreamOptions> options, IHostApplicationLifetime lifetime, CancellationToken cancellationToken)
    {
        await fns.FindAsync(fnId, cancellationToken);
        await calls.ReadAsync(fnId, callId, cancellationToken);
        var from = new Sagas.Persistence.TimelinePosition(CallEditor.Kind, callId, EventStream.LastEventId(http.Request));
        return new EventStream(from, feed, options.Value.Heartbeat, lifetime.ApplicationStopping);
    }

    private static async Task<IResult> CancelAsync(
        string fnId, string callId, HttpContext http, FnRequests requests, FnCatalog fns, CallEditor editor, CallReader calls, CancellationToken cancellationToken)
    {
        await fns.FindAsync(fnId, cancellationToken);
        var refusal = await requests.WriteAsync(http, transaction => editor.CancelAsync(transaction, fnId, callId, http.Actor(), cancellationToken), () => new CallAccepted(callId), 200);
        return refusal is Answer { IsRefusal: false } ? FnRequests.Ok(CallBody.Of(await calls.ReadAsync(fnId, callId, cancellationToken))) : refusal;
    }

    private static async Task<IResult> RetryAsync(
        string fnId, string callId, HttpContext http, FnRequests requests, FnCatalog fns, CallEditor editor, CallId ids, CallSignals signals, CallWait waiting,
        CancellationToken cancellationToken)
    {
        await fns.FindAsync(fnId, cancellationToken);
        var id = ids.Next();
        var answer = await requests.WriteAsync(
            http, transaction => editor.RetryAsync(transaction, fnId, callId, id, http.Actor(), cancellationToken), () => new CallAccepted(id), 202,
            $"/v2/fns/{fnId}/calls/{id}");
        signals.AnnounceQueued();
        return await waiting.AnswerAsync(http, fnId, answer);
    }

    private static DateTimeOffset? Epoch(HttpRequest request, string name, FnError error)
    {
        var text = request.Query[name].ToString();
        if (text.Length == 0)
            return null;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0 and < 253_370_764_800
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : throw new FnException(error);
    }

    private static string LogForm(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().Accept;
        if (request.Headers.Accept.Count == 0)
            return "application/json";
        foreach (var type in accepted.OrderByDescending(type => type.Quality ?? 1))
        {
            var media = type.MediaType.Value ?? "";
            if (media is "*/*" or "application/*" || media.Equals("application/json", StringComparison.OrdinalIgnoreCase))
                return "application/json";
            if (media is "text/*" || media.Equals("text/plain", StringComparison.OrdinalIgnoreCase))
                return "text/plain";
        }

        throw new FnException(FnErrors.LogNotAcceptable);
    }
}
