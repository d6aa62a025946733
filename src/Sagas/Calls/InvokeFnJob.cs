using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Actions.Declarative;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Sagas.Calls;

/// <summary>Parameters of <c>invoke-fn</c>.</summary>
public sealed record InvokeFnParameters
{
    [Description("The app's name.")]
    [Length(1, 255)]
    public required string App { get; init; }

    [Description("The fn's name within the app.")]
    [Length(1, 255)]
    public required string Fn { get; init; }

    [Description("What the fn gets as its body: a text as it is, anything else as JSON. Default: nothing.")]
    public JsonNode? Payload { get; init; }

    [Description("Headers that the fn gets, by name.")]
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    [Description("0 to 2; higher starts first. Default: 0.")]
    [Range(0, 2)]
    public int? Priority { get; init; }

    [Description("How often the call is run again after an error, before the job fails. Default: 0.")]
    [Range(0, 25)]
    public int? MaxRetries { get; init; }

    [Description("Before it is run again. Default: 5s.")]
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan? RetryDelay { get; init; }

    [Description("The job fails, and the call is cancelled, when its end takes longer, counted from the first attempt. Default: 10m.")]
    [Range(typeof(TimeSpan), "00:00:01", "7.00:00:00")]
    public TimeSpan? Timeout { get; init; }
}

/// <summary>What <c>invoke-fn</c> returns.</summary>
public sealed record InvokeFnOutput
{
    [Description("The call that succeeded.")]
    public required string CallId { get; init; }

    [Description("What the fn answered: JSON where it is JSON, otherwise text, or base64 where it is neither.")]
    public JsonNode? Result { get; init; }
}

/// <summary>Which call a job made, and until when it waits for it; stored before the call is, so that its rollback finds it.</summary>
/// <param name="FnId">The fn.</param>
/// <param name="CallId">The first call.</param>
/// <param name="Until">When it is given up.</param>
[JobData("invoke-fn.call")]
public sealed record InvokedCall(string FnId, string CallId, DateTimeOffset Until);

/// <summary>Invokes a fn, once whatever crashes, and waits for its answer; a rollback cancels the call if it has not ended.</summary>
public sealed class InvokeFnJob(
    FnReader fns, FnCatalog catalog, CallId ids, CallIntake intake, CallReader calls, CallEditor editor, CallSignals signals, DurableTransactions transactions, TimeProvider time)
    : BuiltInJob<InvokeFnParameters, InvokeFnOutput>
{
    private const int MaxKept = 64 * 1024;

    private static readonly TimeSpan StandardTimeout = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan StandardRetryDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    public override string Name => "invoke-fn";

    public override string Description =>
        "Invokes a function asynchronously and waits for its answer. A worker that dies meanwhile makes no second call. The job fails when the call, and those that repeat it, end in an error. Its rollback cancels the call when it has not ended.";

    public override bool RollsBack(JsonObject with) => true;

    protected override async Task<InvokeFnOutput> ExecuteAsync(InvokeFnParameters with, bool rollsBack, JobContext context)
    {
        var invoked = await context.GetAsync<InvokedCall>();
        if (invoked is null)
        {
            var fnId = await FindAsync(with, context.CancellationToken);
            // Stored before the call is: whoever takes the job over makes no other one.
            invoked = new InvokedCall(fnId, ids.Next(), time.GetUtcNow() + (with.Timeout ?? StandardTimeout));
            await context.SetAsync(invoked);
        }

        await AcceptAsync(with, invoked, context.CancellationToken);
        var call = await UntilEndedAsync(invoked, context);
        return call.Status is CallStatus.Success
            ? new InvokeFnOutput { CallId = call.Id, Result = ResultOf(call) }
            : throw new PermanentJobException($"call {call.Id} of {with.App}/{with.Fn} ended as {call.Status} ({call.Reason}): {call.Error}");
    }

    protected override async Task RollbackAsync(InvokeFnParameters with, bool isComplete, JobFailure failure, JobContext context)
    {
        if (await context.GetAsync<InvokedCall>() is { } invoked)
            await CancelAsync(invoked, context.CancellationToken);
    }

    private async Task<string> FindAsync(InvokeFnParameters with, CancellationToken cancellationToken)
    {
        var app = (await fns.AppsAsync(with.App, "", 1, cancellationToken)).FirstOrDefault() ?? throw new PermanentJobException($"there is no function app {with.App}.");
        var fn = (await fns.FnsAsync(app.Id, with.Fn, "", 1, cancellationToken)).FirstOrDefault() ?? throw new PermanentJobException($"app {with.App} has no fn {with.Fn}.");
        return fn.Id;
    }

    private async Task AcceptAsync(InvokeFnParameters with, InvokedCall invoked, CancellationToken cancellationToken)
    {
        var fn = await EntryAsync(invoked.FnId, cancellationToken);
        var headers = (with.Headers ?? new Dictionary<string, string>(StringComparer.Ordinal)).ToList();
        if (with.Payload is not null && !headers.Exists(header => header.Key.Equals("Content-Type", StringComparison.OrdinalIgnoreCase)))
            headers.Add(new("Content-Type", IsText(with.Payload) ? "text/plain; charset=utf-8" : "application/json"));
        var span = Activity.Current;
        var call = new NewCall
        {
            Id = invoked.CallId,
            FnId = invoked.FnId,
            SpecId = await catalog.SpecIdAsync(fn, cancellationToken),
            Type = CallType.Async,
            Priority = (short)(with.Priority ?? 0),
            MaxRetries = (short)(with.MaxRetries ?? 0),
            RetryDelay = (int)Math.Ceiling((with.RetryDelay ?? StandardRetryDelay).TotalSeconds),
            Headers = CallHeaders.Write(headers),
            Payload = PayloadOf(with.Payload),
            CreatedAt = time.GetUtcNow(),
            TraceId = span?.TraceId.ToHexString(),
            TraceParent = span is null ? null : TraceHeaders.Format(span.Context),
            Actor = Name,
        };
        await using (var transaction = await transactions.BeginAsync(cancellationToken))
        {
            if (await intake.AddAsync(transaction, [call], cancellationToken) == 0)
                return;
            await transaction.CommitAsync(cancellationToken);
        }

        intake.Announce([call]);
    }

    private async Task<FnEntry> EntryAsync(string fnId, CancellationToken cancellationToken)
    {
        try
        {
            return await catalog.FindAsync(fnId, cancellationToken);
        }
        catch (FnException exception)
        {
            throw new PermanentJobException(exception.Message, exception);
        }
    }

    // A call that failed and is run again goes on as the call that repeats it.
    private async Task<Call> UntilEndedAsync(InvokedCall invoked, JobContext context)
    {
        var id = invoked.CallId;
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            var call = await calls.FindAsync(id, context.CancellationToken) ?? throw new PermanentJobException($"call {id} is gone.");
            if (call is { Status: CallStatus.Error, RetryAt: { } repeated })
            {
                (id, pause) = (repeated, FirstPause);
                continue;
            }

            if (CallStatus.IsTerminal(call.Status))
                return call;
            if (time.GetUtcNow() >= invoked.Until)
            {
                await CancelAsync(invoked, context.CancellationToken);
                throw new PermanentJobException($"call {id} did not end in time, and was cancelled.");
            }

            context.Heartbeat();
            await Task.Delay(pause, time, context.CancellationToken);
        }
    }

    private async Task CancelAsync(InvokedCall invoked, CancellationToken cancellationToken)
    {
        for (var id = invoked.CallId; id is not null;)
        {
            if (await calls.FindAsync(id, cancellationToken) is not { } call)
                return;
            if (!CallStatus.IsTerminal(call.Status))
            {
                await using var transaction = await transactions.BeginAsync(cancellationToken);
                try
                {
                    await editor.CancelAsync(transaction, call.FnId, id, Name, cancellationToken);
                    await transaction.CommitAsync(cancellationToken);
                    signals.AnnounceQueued();
                    return;
                }
                catch (FnException)
                {
                    // It ended meanwhile; what repeats it is looked at next.
                    continue;
                }
            }

            id = call.RetryAt;
        }
    }

    private static JsonNode? ResultOf(Call call)
    {
        var (text, _) = CallText.Of(call.Result);
        if (text is null)
            return null;
        if (text.Length > MaxKept)
            throw new PermanentJobException($"the answer is too large to keep: at most {MaxKept} characters. Read it at call {call.Id}.");
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }

    private static byte[] PayloadOf(JsonNode? payload) => payload switch
    {
        null => [],
        _ when IsText(payload) => System.Text.Encoding.UTF8.GetBytes(payload.GetValue<string>()),
        _ => System.Text.Encoding.UTF8.GetBytes(payload.ToJsonString(FnJson.Options)),
    };

    private static bool IsText(JsonNode payload) => payload.GetValueKind() is JsonValueKind.String;
}
