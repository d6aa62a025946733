using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Calls;
using static Orchestrator.Sagas.Calls.FnErrors;

namespace Orchestrator.Api.Calls;

/// <summary>What the OpenAPI document says about apps, fns and triggers.</summary>
internal static class FnDocs
{
    private const string AnId = "01CVTX7D8YNG8G00GZJ0000001";
    private const string App = $$"""{"id":"{{AnId}}","name":"shop","config":{"LEVEL":"info"},"shape":"GENERIC_X86","created_at":"2026-11-21T12:00:00.000Z","updated_at":"2026-11-21T12:00:00.000Z"}""";
    private const string Function = $$"""{"id":"{{AnId}}","name":"resize","app_id":"{{AnId}}","image":"shop/resize:0.0.1","memory":128,"timeout":30,"idle_timeout":30,"annotations":{"fnproject.io/fn/invokeEndpoint":"http://localhost:8080/invoke/{{AnId}}"},"shape":"GENERIC_X86","created_at":"2026-11-21T12:00:00.000Z","updated_at":"2026-11-21T12:00:00.000Z"}""";
    private const string Trigger = $$"""{"id":"{{AnId}}","name":"resize","app_id":"{{AnId}}","fn_id":"{{AnId}}","type":"http","source":"/resize","annotations":{"fnproject.io/trigger/httpEndpoint":"http://localhost:8080/t/shop/resize"},"created_at":"2026-11-21T12:00:00.000Z","updated_at":"2026-11-21T12:00:00.000Z"}""";

    private static readonly Dictionary<string, string> AppPath = Path("appId");
    private static readonly Dictionary<string, string> FnPath = Path("fnId");
    private static readonly Dictionary<string, string> TriggerPath = Path("triggerId");

    private static readonly DocParameter[] Paging =
    [
        new("cursor", DocType.Text, "Where the page before ended; as that page gave it."),
        new("per_page", DocType.Text, "Entries in the page, at most 100. Default: 30.") { Example = "30" },
    ];

    private static readonly DocParameter Name = new("name", DocType.Text, "Only the one with this name.") { Example = "shop" };
    private static readonly DocParameter OfApp = new("app_id", DocType.Text, "The app. Required.") { Example = AnId };
    private static readonly FnError[] Annotating = [AnnotationKeyInvalid, AnnotationKeyTooLong, AnnotationValueInvalid, AnnotationValueTooLong, TooManyAnnotations];

    public static readonly Doc ListApps = new("List apps", "By name.")
    {
        Parameters = [Name, .. Paging],
        Answers = [new(200, "A page of apps.", typeof(FnList<FnAppBody>), $$"""{"items":[{{App}}]}""")],
        Messages = [InvalidCursor],
    };

    public static readonly Doc CreateApp = new("Make an app", "An app groups fns and holds what they have in common.")
    {
        Body = new(typeof(FnAppChange), """{"name":"shop","config":{"LEVEL":"info"}}"""),
        Answers = [new(200, "The app.", typeof(FnAppBody), App)],
        Messages = [InvalidJson, AppIdProvided, AppMissingName, AppNameTooLong, AppNameInvalid, AppShapeInvalid, .. Annotating, AppExists],
        IsIdempotent = true,
    };

    public static readonly Doc ReadApp = new("Read an app")
    {
        PathExamples = AppPath,
        Answers = [new(200, "The app.", typeof(FnAppBody), App)],
        Messages = [AppNotFound],
    };

    public static readonly Doc UpdateApp = new("Change an app", "What is absent stays. An empty value removes its key from config or annotations.")
    {
        PathExamples = AppPath,
        Body = new(typeof(FnAppChange), """{"config":{"LEVEL":"debug"}}"""),
        Answers = [new(200, "The app as it is now.", typeof(FnAppBody), App)],
        Messages = [InvalidJson, AppIdMismatch, AppShapeInvalid, .. Annotating, AppNotFound, AppNameImmutable],
    };

    public static readonly Doc DeleteApp = new("Delete an app", "With its fns and their triggers; calls that wait are cancelled.")
    {
        PathExamples = AppPath,
        Answers = [new(204, "It is gone.")],
        Messages = [AppNotFound],
    };

    public static readonly Doc ListFns = new("List the fns of an app", "By name.")
    {
        Parameters = [OfApp, Name, .. Paging],
        Answers = [new(200, "A page of fns.", typeof(FnList<FnBody>), $$"""{"items":[{{Function}}]}""")],
        Messages = [FnMissingAppId, InvalidCursor],
    };

    public static readonly Doc CreateFn = new("Make a fn", "An image and the limits that it runs within. The annotation `orchestrator/public: true` lets it be invoked without a token.")
    {
        Body = new(typeof(FnChange), $$"""{"name":"resize","app_id":"{{AnId}}","image":"shop/resize:0.0.1","memory":128,"timeout":30}"""),
        Answers = [new(200, "The fn.", typeof(FnBody), Function)],
        Messages =
        [
            InvalidJson, FnIdProvided, FnMissingAppId, FnMissingName, FnNameTooLong, FnNameInvalid, FnMissingImage, FnTimeoutRange, FnIdleTimeoutRange,
            FnMemoryRange, FnTmpfsRange, FnConcurrencyRange, InvalidCpus, .. Annotating, AppNotFound, FnExists,
        ],
        IsIdempotent = true,
    };

    public static readonly Doc ReadFn = new("Read a fn")
    {
        PathExamples = FnPath,
        Answers = [new(200, "The fn.", typeof(FnBody), Function)],
        Messages = [FnNotFound],
    };

    public static readonly Doc UpdateFn = new("Change a fn", "What is absent or 0 stays; a new name is ignored. Calls that wait keep what the fn was when they came.")
    {
        PathExamples = FnPath,
        Body = new(typeof(FnChange), """{"image":"shop/resize:0.0.2"}"""),
        Answers = [new(200, "The fn as it is now.", typeof(FnBody), Function)],
        Messages = [InvalidJson, FnIdMismatch, FnTimeoutRange, FnIdleTimeoutRange, FnMemoryRange, FnTmpfsRange, FnConcurrencyRange, InvalidCpus, .. Annotating, FnNotFound],
    };

    public static readonly Doc DeleteFn = new("Delete a fn", "With its triggers; calls that wait are cancelled.")
    {
        PathExamples = FnPath,
        Answers = [new(204, "It is gone.")],
        Messages = [FnNotFound],
    };

    public static readonly Doc ListTriggers = new("List the triggers of an app", "By name.")
    {
        Parameters = [OfApp, new("fn_id", DocType.Text, "Only those of this fn.") { Example = AnId }, Name, .. Paging],
        Answers = [new(200, "A page of triggers.", typeof(FnList<FnTriggerBody>), $$"""{"items":[{{Trigger}}]}""")],
        Messages = [TriggerMissingAppId, InvalidCursor],
    };

    public static readonly Doc CreateTrigger = new("Make a trigger", "A path below `/t/{app}` that leads to a fn.")
    {
        Body = new(typeof(FnTriggerChange), $$"""{"name":"resize","app_id":"{{AnId}}","fn_id":"{{AnId}}","type":"http","source":"/resize"}"""),
        Answers = [new(200, "The trigger.", typeof(FnTriggerBody), Trigger)],
        Messages =
        [
            InvalidJson, TriggerIdProvided, TriggerCreatedAtProvided, TriggerMissingAppId, TriggerMissingName, TriggerNameTooLong, TriggerNameInvalid,
            TriggerMissingFnId, TriggerTypeUnknown, TriggerMissingSource, TriggerMissingSourcePrefix, .. Annotating, TriggerFnNotOwned,
            AppNotFound, FnNotFound, TriggerSourceExists, TriggerExists,
        ],
        IsIdempotent = true,
    };

    public static readonly Doc ReadTrigger = new("Read a trigger")
    {
        PathExamples = TriggerPath,
        Answers = [new(200, "The trigger.", typeof(FnTriggerBody), Trigger)],
        Messages = [TriggerNotFound],
    };

    public static readonly Doc UpdateTrigger = new("Change a trigger", "What is absent stays.")
    {
        PathExamples = TriggerPath,
        Body = new(typeof(FnTriggerChange), """{"source":"/resized"}"""),
        Answers = [new(200, "The trigger as it is now.", typeof(FnTriggerBody), Trigger)],
        Messages = [InvalidJson, TriggerIdMismatch, TriggerNameTooLong, TriggerNameInvalid, TriggerMissingSourcePrefix, TriggerFnNotOwned, .. Annotating, TriggerNotFound, FnNotFound, TriggerSourceExists, TriggerExists],
    };

    public static readonly Doc DeleteTrigger = new("Delete a trigger")
    {
        PathExamples = TriggerPath,
        Answers = [new(204, "It is gone.")],
        Messages = [TriggerNotFound],
    };

    public static readonly Doc TriggerBySource = new("Find the trigger of a path")
    {
        PathExamples = new Dictionary<string, string>(StringComparer.Ordinal) { ["appId"] = AnId, ["type"] = "http", ["source"] = "resize" },
        Answers = [new(200, "The trigger.", typeof(FnTriggerBody), Trigger)],
        Messages = [TriggerNotFound],
    };

    private static Dictionary<string, string> Path(string name) => new(StringComparer.Ordinal) { [name] = AnId };
}
