using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Calls;
using static Orchestrator.Sagas.Calls.FnErrors;

namespace Orchestrator.Api.Calls;

/// <summary>What the OpenAPI document says about invocations and calls.</summary>
internal static class CallDocs
{
    private const string AnId = "01CVTX7D8YNG8G00GZJ0000001";

    private const string One = $$"""
        {"id":"{{AnId}}","status":"success","image":"shop/resize:0.0.1","type":"async","payload":"hello","priority":0,"timeout":30,"idle_timeout":30,"memory":128,
         "created_at":"2026-11-21T12:00:00.000Z","queued_at":"2026-11-21T12:00:00.001Z","started_at":"2026-11-21T12:00:00.004Z","completed_at":"2026-11-21T12:00:00.010Z",
         "app_id":"{{AnId}}","app_name":"shop","trigger_id":"","fn_id":"{{AnId}}","max_retries":0,"retry_delay":60,"attempt":1,"execution_duration":4000000,
         "result":"hello world","result_status":200}
        """;

    private static readonly DocParameter Wait = DocParameter.Header(
        "Prefer", "wait=SECONDS, at most 60: answer 200 with the call when it has ended; 202 as ever when the time is up before.", "wait=1");

    private static readonly Dictionary<string, string> FnPath = new(StringComparer.Ordinal) { ["fnId"] = AnId };
    private static readonly Dictionary<string, string> CallPath = new(StringComparer.Ordinal) { ["fnId"] = AnId, ["callId"] = AnId };

    public static readonly Doc Invoke = new(
        "Invoke a fn",
        """
        The body and all headers but ours go to the function. `Fn-Invoke-Type` says what is waited for: `sync` (default) for the function's answer, `detached`
        until execution has begun (202, `Fn-Call-Id`), `async` until the call is stored durably (202, `{"call_id"}`).

        Without a token only where the fn carries the annotation `orchestrator/public: true`.
        """)
    {
        PathExamples = FnPath,
        Parameters =
        [
            DocParameter.Header(InvokeHeaders.InvokeType, "sync, detached or async; anything else means sync.", "async"),
            DocParameter.Header(InvokeHeaders.Delay, "Async: seconds until the call is queued, 0 to 31,536,000.", "2"),
            DocParameter.Header(InvokeHeaders.Priority, "Async: 0 to 2; higher starts first.", "1"),
            DocParameter.Header(InvokeHeaders.MaxRetries, "Async: how often it is run again after an error, 0 to 25.", "3"),
            DocParameter.Header(InvokeHeaders.RetryDelay, "Async: seconds before it is run again, 0 to 86,400. Default: 60.", "5"),
            DocParameter.Header(InvokeHeaders.CallbackUrl, "Async, detached: where the outcome is posted to, signed.", "https://example.com/done"),
            Wait,
        ],
        Answers =
        [
            new(200, "The function's answer; of an asynchronous call that was waited for, the call.", typeof(string), null, "application/octet-stream") { Headers = [(InvokeHeaders.CallIdHeader, "The call.")] },
            new(202, "Accepted, or begun.", typeof(CallAccepted), $$"""{"call_id":"{{AnId}}"}""") { Headers = [(InvokeHeaders.CallIdHeader, "The call."), ("Location", "Where it can be read, of an accepted one.")] },
        ],
        Messages = [FnNotFound, TooBusy, TimedOut, new(502, "function failed"), new(502, "error receiving function response"), new(413, "Content-Length too large for this server, N > max M")],
        IsIdempotent = true,
    };

    public static readonly Doc List = new("List calls of a fn", "The newest first, without payloads and results. `from_time` and `to_time` are Unix seconds, both exclusive.")
    {
        PathExamples = FnPath,
        Parameters =
        [
            new("cursor", DocType.Text, "Where the page before ended; as that page gave it."),
            new("per_page", DocType.Text, "Entries in the page, at most 100. Default: 30.") { Example = "30" },
            new("from_time", DocType.Text, "Only those made after this time.") { Example = "1541757600" },
            new("to_time", DocType.Text, "Only those made before this time.") { Example = "1541844000" },
            new("status", DocType.Text, "Only those in this state.") { Example = "error", Allowed = CallStatus.All },
        ],
        Answers = [new(200, "A page of calls.", typeof(FnList<CallBody>), $$"""{"items":[{{One}}]}""")],
        Messages = [FromTimeInvalid, ToTimeInvalid, InvalidCursor, FnNotFound],
    };

    public static readonly Doc Read = new("Read a call", "With payload and result. `Prefer: wait=SECONDS` waits for its end.")
    {
        PathExamples = CallPath,
        Parameters = [DocParameter.Header("Prefer", "wait=SECONDS, at most 60: answer when the call has ended, or when the time is up.", "wait=10")],
        Answers = [new(200, "The call.", typeof(CallBody), One)],
        Messages = [FnNotFound, CallNotFound],
    };

    public static readonly Doc ReadLog = new("Read the log of a call", "What the function wrote to stdout and stderr, at most 1 MiB. As JSON, or as it is with `Accept: text/plain`.")
    {
        PathExamples = CallPath,
        Answers = [new(200, "The log.", typeof(CallLogBody), $$"""{"call_id":"{{AnId}}","log":"resizing 1 image\n"}""")],
        Messages = [CallLogNotFound, LogNotAcceptable],
    };

    public static readonly Doc ReadResult = new("Read the result of a call", "The bytes that the function answered, with their content type.")
    {
        PathExamples = CallPath,
        Answers = [new(200, "The result.", typeof(string), null, "application/octet-stream")],
        Messages = [FnNotFound, CallNotFound, new(404, "Call result not found")],
    };

    public static readonly Doc Events = new("Follow a call", "Its timeline as server-sent events.")
    {
        PathExamples = CallPath,
        Parameters = [DocParameter.Header("Last-Event-ID", "Go on after this event.", "17")],
        Answers = [new(200, "Events, as they happen.", typeof(EventBody), null, EventStream.ContentType)],
        Messages = [FnNotFound, CallNotFound],
    };

    public static readonly Doc Cancel = new("Cancel a call", "That is delayed, queued or running; a running function is killed, and what it still answers counts for nothing.")
    {
        PathExamples = CallPath,
        Answers = [new(200, "The call, cancelled.", typeof(CallBody), One)],
        Messages = [FnNotFound, CallNotFound, new(409, "Call is success: only a call that is delayed, queued or running can be cancelled")],
        IsIdempotent = true,
    };

    public static readonly Doc Retry = new("Run a call again", "As a new call, linked to the one that it repeats by `retry_of` and `retry_at`.")
    {
        PathExamples = CallPath,
        Parameters = [Wait],
        Answers =
        [
            new(200, "The new call, which was waited for.", typeof(CallBody), One),
            new(202, "The new call.", typeof(CallAccepted), $$"""{"call_id":"{{AnId}}"}""") { Headers = [("Location", "Where it can be read.")] },
        ],
        Messages = [FnNotFound, CallNotFound, PayloadNotKept, new(409, "Call is running: only a call that has ended can be retried")],
        IsIdempotent = true,
    };
}
