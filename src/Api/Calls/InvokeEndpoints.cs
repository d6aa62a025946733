using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Calls;
using Orchestrator.Sagas.Telemetry;
using Orchestrator.Workers.Calls;
using Orchestrator.Workers.Calls.Agent;

namespace Orchestrator.Api.Calls;

/// <summary>Invocations: direct ones at <c>/invoke/{fnId}</c>, and through triggers at <c>/t/{app}/{source}</c>.</summary>
public static class InvokeEndpoints
{
    private static readonly string[] AnyMethod = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];

    public static void MapInvoke(this IEndpointRouteBuilder endpoints)
    {
        var open = endpoints.MapGroup("").AllowAnonymous().WithTags("Invoke");
        open.MapPost("/invoke/{fnId}", InvokeAsync).WithName("InvokeFn").Describe(CallDocs.Invoke);
        open.MapMethods("/t/{appName}", AnyMethod, TriggerAsync).ExcludeFromDescription();
        open.MapMethods("/t/{appName}/{**source}", AnyMethod, TriggerAsync).ExcludeFromDescription();
    }

    private static async Task<IResult> InvokeAsync(string fnId, HttpContext http, FnInvocations invocations)
    {
        var fn = await invocations.Catalog.FindAsync(fnId, http.RequestAborted);
        await invocations.DemandAsync(http, fn.IsPublic);
        var id = invocations.Ids.Next();
        var type = http.Request.Headers[InvokeHeaders.InvokeType].ToString();
        return type switch
        {
            CallType.Async => await invocations.AcceptAsync(http, fn, id),
            CallType.Detached => await invocations.BeginAsync(http, fn, id),
            _ => await invocations.AnswerAsync(http, fn, id, trigger: null),
        };
    }

    private static async Task<IResult> TriggerAsync(string appName, HttpContext http, FnInvocations invocations)
    {
        var path = http.Request.Path.Value!["/t/".Length..];
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        var route = await invocations.Catalog.FindAsync(appName, slash < 0 ? "/" : path[slash..], http.RequestAborted);
        await invocations.DemandAsync(http, route.IsPublic);
        return await invocations.AnswerAsync(http, route.Fn, invocations.Ids.Next(), route.Trigger);
    }
}

/// <summary>Carries invocations from HTTP to functions and their answers back.</summary>
public sealed class FnInvocations(
    FnCatalog catalog, CallId ids, CallIntake intake, IFnInvoker invoker, TokenGate gate, IdempotentWrites writes, CallWait waiting,
    IOptions<CallsOptions> options, TimeProvider time)
{
    private static readonly Access CallsAccess = new(Scopes.Calls, IsDropIn: false);

    public FnCatalog Catalog => catalog;

    public CallId Ids => ids;

    /// <summary>Lets a request pass that has a token for calls, or that needs none.</summary>
    public async ValueTask DemandAsync(HttpContext http, bool isPublic)
    {
        if (isPublic)
            http.Features.Set(new Caller("anonymous", "anonymous"));
        else
            await gate.DemandAsync(http, CallsAccess);
    }

    /// <summary>Runs the function while the caller waits.</summary>
    public async Task<IResult> AnswerAsync(HttpContext http, FnEntry fn, string id, FnTrigger? trigger)
    {
        if (trigger is null)
            InvokeHeaders.DemandNoWishes(http.Request.Headers);
        var body = await ReadBodyAsync(http);
        http.Response.Headers[InvokeHeaders.CallIdHeader] = id;
        var url = http.Request.GetEncodedUrl();
        var headers = trigger is null ? InvokeHeaders.Direct(http.Request) : InvokeHeaders.Trigger(http.Request, url);
        var outcome = await invoker.InvokeAsync(Call(http, fn, id, headers, body, url) with { TriggerId = trigger?.Id ?? "" }, http.RequestAborted);
        return new FnAnswer(outcome, isTrigger: trigger is not null);
    }

    /// <summary>Answers when the function has begun.</summary>
    public async Task<IResult> BeginAsync(HttpContext http, FnEntry fn, string id)
    {
        var callback = InvokeHeaders.CallbackOnly(http.Request.Headers, options.Value);
        var body = await ReadBodyAsync(http);
        http.Response.Headers[InvokeHeaders.CallIdHeader] = id;
        var call = Call(http, fn, id, InvokeHeaders.Direct(http.Request), body, http.Request.GetEncodedUrl()) with { CallbackUrl = callback };
        if (await invoker.BeginAsync(call, http.RequestAborted) is { } outcome)
            return new FnAnswer(outcome, isTrigger: false);
        http.Response.ContentLength = 0;
        return Results.StatusCode(StatusCodes.Status202Accepted);
    }

    /// <summary>Answers when the call is stored.</summary>
    public async Task<IResult> AcceptAsync(HttpContext http, FnEntry fn, string id)
    {
        var wishes = InvokeHeaders.Wishes(http.Request.Headers, options.Value);
        var body = await ReadBodyAsync(http);
        var call = new NewCall
        {
            Id = id,
            FnId = fn.Spec.FnId,
            SpecId = await catalog.SpecIdAsync(fn, http.RequestAborted),
            Type = CallType.Async,
            Priority = wishes.Priority,
            Delay = wishes.Delay,
            MaxRetries = wishes.MaxRetries,
            RetryDelay = wishes.RetryDelay,
            Url = http.Request.GetEncodedUrl(),
            Method = http.Request.Method,
            Headers = CallHeaders.Write(InvokeHeaders.Direct(http.Request)),
            Payload = body,
            CallbackUrl = wishes.CallbackUrl,
            CreatedAt = time.GetUtcNow(),
            TraceId = Activity.Current?.TraceId.ToHexString(),
            TraceParent = Activity.Current is { } span ? TraceHeaders.Format(span.Context) : null,
            Actor = http.Actor(),
        };
        if (!http.Request.Headers.ContainsKey(IdempotentWrites.Header))
        {
            await intake.AcceptAsync(call, http.RequestAborted);
            return await waiting.AnswerAsync(http, fn.Spec.FnId, Accepted(fn, id));
        }

        RequestBody.Keep(http, body);
        var answer = await writes.RunAsync(http, async transaction =>
        {
            await intake.AddAsync(transaction, [call], http.RequestAborted);
            return Accepted(fn, id);
        });
        intake.Announce([call]);
        return await waiting.AnswerAsync(http, fn.Spec.FnId, answer);
    }

    private static Answer Accepted(FnEntry fn, string id) => FnRequests.AnswerOf(StatusCodes.Status202Accepted, new CallAccepted(id)) with
    {
        Headers = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [HeaderNames.ContentType] = MessageForm.ContentType,
            [HeaderNames.Location] = $"/v2/fns/{fn.Spec.FnId}/calls/{id}",
            [InvokeHeaders.CallIdHeader] = id,
        },
    };

    private FnCall Call(HttpContext http, FnEntry fn, string id, IReadOnlyList<KeyValuePair<string, string>> headers, byte[] body, string url)
    {
        var span = Activity.Current;
        return new FnCall
        {
            Id = id,
            Fn = fn,
            Headers = headers,
            Body = body,
            Url = url,
            Method = http.Request.Method,
            CreatedAt = time.GetUtcNow(),
            Actor = http.Actor(),
            TraceParent = span is null ? null : TraceHeaders.Format(span.Context),
            TraceId = span?.TraceId.ToHexString(),
        };
    }

    private async ValueTask<byte[]> ReadBodyAsync(HttpContext http)
    {
        var most = options.Value.MaxRequestBytes;
        if (http.Request.ContentLength is { } length && length > most)
            throw new FnException(new FnError(413, $"Content-Length too large for this server, {length} > max {most}"));
        return await RequestBody.ReadAsync(http.Request, most, http.RequestAborted)
            ?? throw new FnException(new FnError(413, $"Content-Length too large for this server, more than max {most}"));
    }
}

/// <summary>What became of an invocation, as the original answers it.</summary>
internal sealed class FnAnswer(InvocationOutcome outcome, bool isTrigger) : IResult
{
    private static readonly FnError InvalidResponse = new(502, InvocationFailure.InvalidResponse.Message());

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        if (httpContext.RequestAborted.IsCancellationRequested)
            return;
        if (outcome.Failure is { } failure)
        {
            await Errors.Of(new FnError(outcome.Status, outcome.Message ?? failure.Message())).ExecuteAsync(httpContext);
            return;
        }

        var response = httpContext.Response;
        if (!TryWriteHead(response))
        {
            // The function wrote a header that no HTTP server sends.
            var callId = response.Headers[InvokeHeaders.CallIdHeader];
            response.Clear();
            response.Headers[InvokeHeaders.CallIdHeader] = callId;
            await Errors.Of(InvalidResponse).ExecuteAsync(httpContext);
            return;
        }

        if (response.StatusCode is StatusCodes.Status204NoContent or StatusCodes.Status304NotModified)
            return;
        response.ContentLength = outcome.Body.Length;
        if (!HttpMethods.IsHead(httpContext.Request.Method))
            await response.Body.WriteAsync(outcome.Body, httpContext.RequestAborted);
    }

    private bool TryWriteHead(HttpResponse response)
    {
        try
        {
            foreach (var (name, value) in outcome.Headers)
            {
                if (NameOf(name) is { } shown && !InvokeHeaders.IsOfConnection(shown) && !shown.Equals(InvokeHeaders.CallIdHeader, StringComparison.OrdinalIgnoreCase))
                    response.Headers.Append(shown, value);
            }

            response.StatusCode = isTrigger ? StatusOf(outcome.Headers) : StatusCodes.Status200OK;
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    // Through a trigger only what is meant for it comes out.
    private string? NameOf(string name)
    {
        if (!isTrigger || name.Equals(HeaderNames.ContentType, StringComparison.OrdinalIgnoreCase))
            return name;
        return name.StartsWith(InvokeHeaders.HttpPrefix, StringComparison.OrdinalIgnoreCase) && name.Length > InvokeHeaders.HttpPrefix.Length
            ? name[InvokeHeaders.HttpPrefix.Length..]
            : null;
    }

    private static int StatusOf(IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        var text = headers.FirstOrDefault(header => header.Key.Equals(InvokeHeaders.HttpStatus, StringComparison.OrdinalIgnoreCase)).Value;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status is >= 200 and <= 999
            ? status
            : StatusCodes.Status200OK;
    }
}
