using System.Globalization;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Orchestrator.Sagas.Calls;

namespace Orchestrator.Api.Calls;

/// <summary>Headers on their way to a function and back, and those by which a caller says how a call is to be run.</summary>
internal static class InvokeHeaders
{
    public const string CallIdHeader = "Fn-Call-Id";
    public const string InvokeType = "Fn-Invoke-Type";
    public const string Delay = "Fn-Delay";
    public const string Priority = "Fn-Priority";
    public const string MaxRetries = "Fn-Max-Retries";
    public const string RetryDelay = "Fn-Retry-Delay";
    public const string CallbackUrl = "Fn-Callback-Url";
    public const string HttpPrefix = "Fn-Http-H-";
    public const string HttpStatus = "Fn-Http-Status";

    private static readonly HashSet<string> HopByHop = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
    };

    // Ours: credentials, what says how to run the call, and what is told of it anew.
    private static readonly HashSet<string> Ours = new(StringComparer.OrdinalIgnoreCase)
    {
        HeaderNames.Authorization, "Verification-Token", HeaderNames.Host, HeaderNames.ContentLength, HeaderNames.TraceParent, CallIdHeader, "Fn-Deadline",
        Delay, Priority, MaxRetries, RetryDelay, CallbackUrl,
    };

    /// <summary>What the function gets of a direct invocation.</summary>
    public static List<KeyValuePair<string, string>> Direct(HttpRequest request) => Of(request, static name => name);

    /// <summary>What the function gets of a request to a trigger.</summary>
    public static List<KeyValuePair<string, string>> Trigger(HttpRequest request, string url)
    {
        var headers = Of(request, static name => name.Equals(HeaderNames.ContentType, StringComparison.OrdinalIgnoreCase) ? name : HttpPrefix + name);
        headers.Add(new("Fn-Http-Method", request.Method));
        headers.Add(new("Fn-Http-Request-Url", url));
        headers.Add(new("Fn-Intent", "httprequest"));
        return headers;
    }

    /// <summary>True for a header of an answer that concerns one connection only.</summary>
    public static bool IsOfConnection(string name) => HopByHop.Contains(name) || name.Equals(HeaderNames.ContentLength, StringComparison.OrdinalIgnoreCase);

    /// <summary>How an asynchronous call is to be run.</summary>
    /// <exception cref="FnException">A value is not allowed; the message names the header.</exception>
    public static CallWishes Wishes(IHeaderDictionary headers, CallsOptions options)
    {
        var retries = (short)Number(headers, MaxRetries, 0, CallRules.MaxRetries);
        return new CallWishes(
            Number(headers, Delay, 0, CallRules.MaxDelay),
            (short)Number(headers, Priority, 0, CallRules.MaxPriority),
            retries,
            Number(headers, RetryDelay, 0, CallRules.MaxRetryDelay, CallRules.DefaultRetryDelay),
            Callback(headers, options));
    }

    /// <summary>The callback that a detached call may have; other wishes are for asynchronous calls.</summary>
    /// <inheritdoc cref="Wishes" path="/exception"/>
    public static string? CallbackOnly(IHeaderDictionary headers, CallsOptions options)
    {
        foreach (var name in (ReadOnlySpan<string>)[Delay, Priority, MaxRetries, RetryDelay])
            DemandAbsent(headers, name);
        return Callback(headers, options);
    }

    /// <summary>A synchronous call may wish for nothing.</summary>
    /// <inheritdoc cref="Wishes" path="/exception"/>
    public static void DemandNoWishes(IHeaderDictionary headers)
    {
        foreach (var name in (ReadOnlySpan<string>)[Delay, Priority, MaxRetries, RetryDelay, CallbackUrl])
            DemandAbsent(headers, name);
    }

    private static List<KeyValuePair<string, string>> Of(HttpRequest request, Func<string, string> rename)
    {
        var headers = new List<KeyValuePair<string, string>>(request.Headers.Count + 3);
        foreach (var (name, values) in request.Headers)
        {
            if (Ours.Contains(name) || (HopByHop.Contains(name) && !IsTrailers(name, values)))
                continue;
            var renamed = rename(name);
            foreach (var value in values)
                headers.Add(new(renamed, value ?? ""));
        }

        return headers;
    }

    private static bool IsTrailers(string name, StringValues values) =>
        name.Equals(HeaderNames.TE, StringComparison.OrdinalIgnoreCase) && values is [{ } value] && value.Equals("trailers", StringComparison.OrdinalIgnoreCase);

    private static void DemandAbsent(IHeaderDictionary headers, string name)
    {
        if (headers.ContainsKey(name))
            throw new FnException(new FnError(400, $"{name} needs {InvokeType}: {CallType.Async}{(name is CallbackUrl ? $" or {CallType.Detached}" : "")}"));
    }

    private static int Number(IHeaderDictionary headers, string name, int least, int most, int otherwise = 0)
    {
        if (!headers.TryGetValue(name, out var values))
            return otherwise;
        return values is [{ } text] && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new FnException(new FnError(400, $"{name} must be one whole number from {least} to {most}"));
    }

    private static string? Callback(IHeaderDictionary headers, CallsOptions options)
    {
        if (!headers.TryGetValue(CallbackUrl, out var values))
            return null;
        if (values is not [{ } text] || CallRules.CallbackProblem(text) is not null)
            throw new FnException(new FnError(400, $"{CallbackUrl} must be one http or https URL of at most {CallRules.MaxUrlLength} characters without a user name"));
        return string.IsNullOrEmpty(options.CallbackSecret)
            ? throw new FnException(new FnError(400, $"{CallbackUrl} is not available: Calls:CallbackSecret, which signs callbacks, is not set"))
            : text;
    }
}

/// <summary>How an asynchronous call is to be run: seconds until it is queued, level, repeats, seconds between them, and where its outcome goes.</summary>
internal sealed record CallWishes(int Delay, short Priority, short MaxRetries, int RetryDelay, string? CallbackUrl);
