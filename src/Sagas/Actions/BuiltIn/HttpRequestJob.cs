using System.Text.Json.Nodes;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Actions.Declarative;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Outbound;

namespace Orchestrator.Sagas.Actions.BuiltIn;

/// <summary>A target that is away or overloaded: another attempt may succeed.</summary>
public sealed class TargetUnavailableException : Exception
{
    public TargetUnavailableException(string message)
        : base(message)
    {
    }

    public TargetUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>How far a request came; stored so that its rollback knows, whatever died in between.</summary>
/// <param name="IsSent">True from the moment at which the target may have got it.</param>
/// <param name="RefusedWith">The status with which it was answered, when that was not an expected one.</param>
[JobData("http-request.progress")]
public sealed record HttpRequestProgress(bool IsSent, int? RefusedWith = null);

/// <summary>Sends a request and keeps what is wanted of the answer; a second request undoes it.</summary>
public sealed class HttpRequestJob(OutboundClient client, OutboundGuard guard) : BuiltInJob<HttpRequestParameters, JsonObject>
{
    /// <summary>The most characters of JSON that are kept of an answer.</summary>
    private const int MaxKept = 64 * 1024;

    private static readonly TimeSpan StandardTimeout = TimeSpan.FromSeconds(30);
    private static readonly string[] Repeatable = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"];

    public override string Name => "http-request";

    public override string Description =>
        "Sends an HTTP request. A status that is expected is success; 408, 425, 429, 5xx and a target that is away are tried again as the policy says, anything else fails at once. Every request but GET, HEAD and OPTIONS carries an Idempotency-Key that stays the same for all attempts. No redirect is followed.";

    public override IReadOnlyList<string> RollbackParameters => ["rollback"];

    public override bool RollsBack(JsonObject with) => with.ContainsKey("rollback");

    public override JobPolicy PolicyOf(JsonObject with)
    {
        var method = RequestRules.MethodOf(RequestRules.Text(with["method"]), with.ContainsKey("body"));
        return base.PolicyOf(with) with
        {
            Attempts = Repeatable.Contains(method, StringComparer.Ordinal) ? 3 : 1,
            RollbackAttempts = 5,
        };
    }

    public override JsonObject OutputOf(JsonObject with)
    {
        var members = new JsonObject { ["status"] = new JsonObject { ["type"] = "integer" } };
        if (with["keep"] is JsonObject keep)
        {
            foreach (var (name, _) in keep)
                members[name] = new JsonObject();
        }
        else
        {
            members["contentType"] = new JsonObject { ["type"] = "string" };
            members["body"] = new JsonObject();
        }

        return new JsonObject { ["type"] = "object", ["properties"] = members, ["additionalProperties"] = false };
    }

    public override IEnumerable<SchemaProblem> Check(JsonObject with)
    {
        foreach (var problem in RequestRules.Check(with, guard))
            yield return problem;
        if (with["rollback"] is JsonObject rollback)
        {
            foreach (var problem in RequestRules.Check(rollback, guard))
                yield return problem with { Steps = ["rollback", .. problem.Steps] };
        }

        foreach (var (name, path) in with["keep"] as JsonObject ?? [])
        {
            if (KeepProblem(name, RequestRules.Text(path)) is { } problem)
                yield return new SchemaProblem(["keep", name], problem);
        }
    }

    protected override async Task<JsonObject> ExecuteAsync(HttpRequestParameters with, bool rollsBack, JobContext context)
    {
        // What an earlier attempt may have done counts, however this one ends.
        var isFirst = rollsBack && await context.GetAsync<HttpRequestProgress>() is not { IsSent: true, RefusedWith: null };
        if (isFirst)
            await context.SetAsync(new HttpRequestProgress(IsSent: true));
        var answer = await SendAsync(with, context, "", wasNeverSent => wasNeverSent && isFirst
            ? context.SetAsync(new HttpRequestProgress(IsSent: false))
            : Task.CompletedTask);
        var status = (int)answer.Status;
        if (with.Expect?.Contains(status) ?? status is >= 200 and <= 299)
            return Keep(with, answer);
        if (isFirst)
            await context.SetAsync(new HttpRequestProgress(IsSent: true, RefusedWith: status));
        throw Unexpected(with, status, with.Expect?.ToString() ?? "200 to 299");
    }

    protected override async Task RollbackAsync(HttpRequestParameters with, bool isComplete, JobFailure failure, JobContext context)
    {
        if (await context.GetAsync<HttpRequestProgress>() is not { IsSent: true } progress)
            return;
        // What was refused has made nothing, and what is there under the name is another's.
        if (progress.RefusedWith is < 500 or 503)
            return;
        if (!isComplete)
        {
            var reason = progress.RefusedWith is { } refusal ? $"was {refusal}" : "never came";
            throw new PermanentJobException($"the request may have been carried out, but its answer, which its rollback needs, {reason}: undo it by hand.");
        }

        var answer = await SendAsync(with.Rollback!, context, "/rollback", _ => Task.CompletedTask);
        var status = (int)answer.Status;
        if (!(with.Rollback!.Expect?.Contains(status) ?? status is >= 200 and <= 299 or 404 or 410))
            throw Unexpected(with.Rollback, status, with.Rollback.Expect?.ToString() ?? "200 to 299, 404 or 410");
    }

    private async Task<OutboundAnswer> SendAsync(HttpParameters with, JobContext context, string purpose, Func<bool, Task> failed)
    {
        using var request = RequestRules.Create(with);
        if (request.Method != HttpMethod.Get && request.Method != HttpMethod.Head && request.Method != HttpMethod.Options && !request.Headers.NonValidated.Contains("Idempotency-Key"))
            request.Headers.TryAddWithoutValidation("Idempotency-Key", NameIds.Of("http-request", $"{context.DeploymentId}/{context.Job}", purpose).ToString());
        try
        {
            return await client.SendAsync(request, with.Timeout ?? StandardTimeout, context.CancellationToken);
        }
        catch (OutboundRefusedException exception)
        {
            await failed(true);
            throw new PermanentJobException(exception.Message, exception);
        }
        catch (HttpRequestException exception)
        {
            await failed(exception.HttpRequestError is HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError);
            throw new TargetUnavailableException($"{request.RequestUri!.Host} is not to be reached: {exception.Message}", exception);
        }
        catch (TimeoutException exception)
        {
            throw new TargetUnavailableException(exception.Message, exception);
        }
    }

    private static Exception Unexpected(HttpParameters with, int status, string expected)
    {
        var message = $"{RequestRules.MethodOf(with.Method, with.Body is not null)} {new Uri(with.Url).GetLeftPart(UriPartial.Path)} answered {status}; expected: {expected}.";
        return status is 408 or 425 or 429 or >= 500 ? new TargetUnavailableException(message) : new PermanentJobException(message);
    }

    private static JsonObject Keep(HttpRequestParameters with, OutboundAnswer answer)
    {
        var kept = new JsonObject { ["status"] = (int)answer.Status };
        if (with.Keep is null)
        {
            if (!answer.IsWhole)
                throw TooLarge();
            kept["contentType"] = answer.Headers.GetValueOrDefault("content-type") ?? "";
            kept["body"] = RequestRules.ReadBody(answer);
        }
        else
        {
            KeepNamed(with.Keep, answer, kept);
        }

        return kept.ToJsonString(ParameterSchema.Json).Length <= MaxKept ? kept : throw TooLarge();
    }

    private static void KeepNamed(IReadOnlyDictionary<string, string> keep, OutboundAnswer answer, JsonObject kept)
    {
        var whole = new JsonObject
        {
            ["headers"] = new JsonObject(answer.Headers.Select(header => KeyValuePair.Create(header.Key, (JsonNode?)header.Value))),
            ["body"] = answer.IsWhole ? RequestRules.ReadBody(answer) : throw TooLarge(),
        };
        foreach (var (name, path) in keep)
        {
            var way = Reference.ParsePath(path);
            if (way.Steps is ["headers", var header, ..])
                way = new ValuePath(["headers", header.ToLowerInvariant()]);
            var (exists, value) = way.Find(whole);
            kept[name] = exists ? value?.DeepClone() : throw new PermanentJobException($"the answer has no {path}, which is to be kept as '{name}'.");
        }
    }

    private static PermanentJobException TooLarge() =>
        new($"the answer is too large to keep: at most {MaxKept} characters; name what is needed of it under 'keep'.");

    private static string? KeepProblem(string name, string? path)
    {
        if (name is "status")
            return "'status' is kept always; use another name.";
        if (path is null)
            return null;
        try
        {
            return Reference.ParsePath(path).Steps is ["body", ..] or ["headers", _] ? null : "it must begin with body or headers, such as body.id or headers.etag.";
        }
        catch (FormatException exception)
        {
            return exception.Message;
        }
    }
}
