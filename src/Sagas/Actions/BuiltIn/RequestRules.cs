using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orchestrator.Sagas.Actions.Declarative;
using Orchestrator.Sagas.Outbound;

namespace Orchestrator.Sagas.Actions.BuiltIn;

/// <summary>What holds for every request that a definition directs.</summary>
internal static partial class RequestRules
{
    private const int MaxHeaders = 50;
    private const int MaxHeaderLength = 8000;

    private static readonly HashSet<string> Ours = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization",
        "TE", "Trailer", "Upgrade", "Expect", "traceparent", "tracestate",
    };

    /// <summary>What is wrong with a request as it is written.</summary>
    public static IEnumerable<SchemaProblem> Check(JsonObject with, OutboundGuard guard)
    {
        if (Text(with["url"]) is { } url)
        {
            var problem = TextTemplate.HasReference(url) ? StartProblem(url) : guard.Problem(url);
            if (problem is not null)
                yield return new SchemaProblem(["url"], problem);
        }

        if (with["headers"] is not JsonObject headers)
            yield break;
        if (headers.Count > MaxHeaders)
            yield return new SchemaProblem(["headers"], $"at most {MaxHeaders} headers are taken.");
        foreach (var (name, value) in headers)
        {
            if (HeaderProblem(name, Text(value) ?? "") is { } problem)
                yield return new SchemaProblem(["headers", name], problem);
        }
    }

    /// <summary>The request itself.</summary>
    /// <exception cref="InvalidParametersException">References have made something of it that is not allowed.</exception>
    public static HttpRequestMessage Create(HttpParameters with)
    {
        if (!Uri.TryCreate(with.Url, UriKind.Absolute, out var url))
            throw new InvalidParametersException("url: it is not an absolute URL.");
        var request = new HttpRequestMessage(new HttpMethod(MethodOf(with.Method, with.Body is not null)), url);
        var contentType = "";
        foreach (var (name, value) in with.Headers ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            if (HeaderProblem(name, value) is { } problem)
                throw new InvalidParametersException($"headers.{name}: {problem}");
            if (name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
                contentType = value;
            else
                request.Headers.TryAddWithoutValidation(name, value);
        }

        if (with.Body is { } body)
        {
            var text = body is JsonValue scalar && scalar.TryGetValue<string>(out var plain) ? plain : body.ToJsonString(ParameterSchema.Json);
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(text));
            var standard = body.GetValueKind() is JsonValueKind.String ? "text/plain; charset=utf-8" : "application/json";
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType.Length > 0 ? contentType : standard);
        }

        return request;
    }

    /// <summary>The method that is meant.</summary>
    public static string MethodOf(string? method, bool hasBody) => method ?? (hasBody ? "POST" : "GET");

    /// <summary>The body as JSON where it is JSON, else as text; null when there is none.</summary>
    public static JsonNode? ReadBody(OutboundAnswer answer)
    {
        if (answer.Body.Length == 0)
            return null;
        if (answer.Headers.GetValueOrDefault("content-type")?.Contains("json", StringComparison.OrdinalIgnoreCase) == true)
        {
            try
            {
                return JsonNode.Parse(answer.Body, documentOptions: new JsonDocumentOptions { MaxDepth = 64 });
            }
            catch (JsonException)
            {
                // It says so, but it is not.
            }
        }

        // Postgres keeps no NUL in text.
        return JsonValue.Create(Encoding.UTF8.GetString(answer.Body).Replace('\0', '\uFFFD'));
    }

    internal static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    // What a reference brings is checked when it is there; what stands before it can be told now.
    private static string? StartProblem(string url) =>
        url.StartsWith("${", StringComparison.Ordinal)
        || url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || url.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
            ? null
            : "only http and https are allowed.";

    private static string? HeaderProblem(string name, string value)
    {
        if (!Token().IsMatch(name))
            return "this is no name of a header.";
        if (Ours.Contains(name))
            return "this header is set by Orchestrator.";
        if (value.Length > MaxHeaderLength || value.Any(letter => letter is not '\t' && (char.IsControl(letter) || letter > 0xff)))
            return $"its value must be at most {MaxHeaderLength} characters of Latin-1 without control characters.";
        return null;
    }

    [GeneratedRegex("^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Token();
}
