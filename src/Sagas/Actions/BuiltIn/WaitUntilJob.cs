using System.Text.Json.Nodes;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Actions.Declarative;
using Orchestrator.Sagas.Outbound;

namespace Orchestrator.Sagas.Actions.BuiltIn;

/// <summary>When a wait began, and when it ends at the latest; stored before it begins, so that a restart does not prolong it.</summary>
[JobData("wait-until.bounds")]
public sealed record WaitBounds(DateTimeOffset Since, DateTimeOffset Until);

/// <summary>Waits for a time to come, or polls a URL until its answer is as wanted.</summary>
public sealed class WaitUntilJob(OutboundClient client, OutboundGuard guard, TimeProvider time) : BuiltInJob<WaitUntilParameters, WaitUntilOutput>
{
    private static readonly TimeSpan StandardTimeout = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan StandardInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StandardRequestTimeout = TimeSpan.FromSeconds(10);

    // A timer of the runtime takes no more than 49 days; besides, a sign of life now and then is good.
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    public override string Name => "wait-until";

    public override string Description =>
        "Waits for one of three: until a URL answers as wanted, until a time, or for a while. The end of the wait is stored when it begins: workers that die or restart neither shorten nor prolong it. A target that is away is polled on. There is nothing to undo.";

    public override IEnumerable<SchemaProblem> Check(JsonObject with)
    {
        string[] named = [.. ((string[])["url", "time", "after"]).Where(with.ContainsKey)];
        if (named.Length != 1)
            yield return new SchemaProblem([], $"exactly one of url, time and after must be there, not {(named.Length == 0 ? "none" : string.Join(" and ", named))}.");
        if (!with.ContainsKey("url"))
        {
            foreach (var name in ((string[])["method", "headers", "body", "until", "failIf", "every", "timeout", "requestTimeout"]).Where(with.ContainsKey))
                yield return new SchemaProblem([name], "it belongs to url, which is not there.", IsName: true);
        }

        foreach (var problem in RequestRules.Check(with, guard).Concat(CheckCondition(with, "until")).Concat(CheckCondition(with, "failIf")))
            yield return problem;
        if (RequestRules.Text(with["time"]) is { } at && !TextTemplate.HasReference(at) && !Messaging.Rfc3339.TryParse(at, out _))
            yield return new SchemaProblem(["time"], $"it must be {Messaging.Rfc3339.Expected}.");
    }

    public override JobPolicy PolicyOf(JsonObject with) => base.PolicyOf(with) with { Attempts = 3 };

    protected override async Task<WaitUntilOutput> ExecuteAsync(WaitUntilParameters with, bool rollsBack, JobContext context)
    {
        var bounds = await context.GetAsync<WaitBounds>();
        if (bounds is null)
        {
            var now = time.GetUtcNow();
            bounds = new WaitBounds(now, with.Time ?? now + (with.After ?? with.Timeout ?? StandardTimeout));
            await context.SetAsync(bounds);
        }

        if (with.Url is not null)
            return await PollAsync(with, bounds, context);
        while (bounds.Until - time.GetUtcNow() is var left && left > TimeSpan.Zero)
            await PauseAsync(left, context);
        return new WaitUntilOutput { Waited = Waited(bounds) };
    }

    private async Task<WaitUntilOutput> PollAsync(WaitUntilParameters with, WaitBounds bounds, JobContext context)
    {
        while (true)
        {
            var (answer, fault) = await AskAsync(with, context);
            if (answer is not null)
            {
                var (isMet, value) = IsMet(with.Until ?? new AnswerCondition(), answer, isSuccessNeeded: true);
                if (isMet)
                    return new WaitUntilOutput { Waited = Waited(bounds), Status = (int)answer.Status, Value = value };
                if (with.FailIf is not null && IsMet(with.FailIf, answer, isSuccessNeeded: false).IsMet)
                    throw new PermanentJobException($"{Host(with)} answered {Told(answer, with.FailIf.Path)}, which is what 'failIf' names.");
            }

            var left = bounds.Until - time.GetUtcNow();
            if (left <= TimeSpan.Zero)
                throw new PermanentJobException($"{Host(with)} did not become as wanted within {(bounds.Until - bounds.Since).TotalSeconds:0.###} s; last: {fault ?? Told(answer!, with.Until?.Path)}.");
            var pause = with.Every ?? StandardInterval;
            await PauseAsync(pause < left ? pause : left, context);
        }
    }

    private async Task<(OutboundAnswer? Answer, string? Fault)> AskAsync(WaitUntilParameters with, JobContext context)
    {
        using var request = RequestRules.Create(new HttpParameters { Url = with.Url!, Method = with.Method ?? "GET", Headers = with.Headers, Body = with.Body });
        try
        {
            return (await client.SendAsync(request, with.RequestTimeout ?? StandardRequestTimeout, context.CancellationToken), null);
        }
        catch (OutboundRefusedException exception)
        {
            throw new PermanentJobException(exception.Message, exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or TimeoutException)
        {
            return (null, exception.Message);
        }
    }

    private async Task PauseAsync(TimeSpan pause, JobContext context)
    {
        context.Heartbeat();
        await Task.Delay(pause < LongestPause ? pause : LongestPause, time, context.CancellationToken);
    }

    private static (bool IsMet, JsonNode? Value) IsMet(AnswerCondition condition, OutboundAnswer answer, bool isSuccessNeeded)
    {
        var status = (int)answer.Status;
        if (!(condition.Status?.Contains(status) ?? (!isSuccessNeeded || status is >= 200 and <= 299)))
            return (false, null);
        if (condition.Path is null)
            return (condition.Status is not null || isSuccessNeeded, null);
        var (exists, value) = Reference.ParsePath(condition.Path).Find(RequestRules.ReadBody(answer));
        var isMet = exists
            && (condition.Wanted is null || JsonNode.DeepEquals(condition.Wanted, value))
            && (condition.OneOf is null || condition.OneOf.Any(wanted => JsonNode.DeepEquals(wanted, value)));
        return (isMet, isMet ? value?.DeepClone() : null);
    }

    private static string Told(OutboundAnswer answer, string? path)
    {
        if (path is null)
            return $"{(int)answer.Status}";
        var (exists, value) = Reference.ParsePath(path).Find(RequestRules.ReadBody(answer));
        var shown = exists ? value?.ToJsonString(ParameterSchema.Json) ?? "null" : "nothing";
        return $"{(int)answer.Status} with {(shown.Length > 100 ? shown[..100] + "..." : shown)} at {path}";
    }

    private static string Host(WaitUntilParameters with) => new Uri(with.Url!).GetLeftPart(UriPartial.Path);

    private double Waited(WaitBounds bounds) => Math.Round(Math.Max(0, (time.GetUtcNow() - bounds.Since).TotalSeconds), 3);

    private static IEnumerable<SchemaProblem> CheckCondition(JsonObject with, string name)
    {
        if (with[name] is not JsonObject condition)
            yield break;
        if (condition.ContainsKey("equals") && condition.ContainsKey("oneOf"))
            yield return new SchemaProblem([name], "equals and oneOf exclude each other.");
        if ((condition.ContainsKey("equals") || condition.ContainsKey("oneOf")) && !condition.ContainsKey("path"))
            yield return new SchemaProblem([name], "'path' is missing: it says where to look.");
        if (name is "failIf" && !condition.ContainsKey("status") && !condition.ContainsKey("path"))
            yield return new SchemaProblem([name], "it must name a status or a path.");
        if (RequestRules.Text(condition["path"]) is { } path && !TextTemplate.HasReference(path) && PathProblem(path) is { } problem)
            yield return new SchemaProblem([name, "path"], problem);
    }

    private static string? PathProblem(string path)
    {
        try
        {
            Reference.ParsePath(path);
            return null;
        }
        catch (FormatException exception)
        {
            return exception.Message;
        }
    }
}
