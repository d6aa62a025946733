using Orchestrator.Api.Http.OpenApi;

namespace Orchestrator.Api.Actions;

/// <summary>What the OpenAPI document says about declared actions.</summary>
internal static class DefinitionDocs
{
    private const string Definition =
        """{"action":"announce","jobs":[{"name":"tell","uses":"http-request","with":{"method":"POST","url":"https://hooks.example/announce","body":{"text":"${input.text}"}}}]}""";

    private const string Registered = """{"application":null,"action":"announce","version":1,"hash":"0123456789abcdef0123456789abcdef","isNew":true}""";

    private const string VersionExample =
        """{"version":1,"hash":"0123456789abcdef0123456789abcdef","format":"yaml","definition":"action: announce\n","createdBy":"admin","createdAt":"2026-11-21T12:00:00Z"}""";

    private const string HowTo =
        "The body is YAML (`application/yaml`) or JSON. It is checked whole, every error is told with its line and column, and of a broken definition nothing is registered. Changed content is a new version, which deployments that begin from now on run; those that run finish on theirs. Content that says what the newest version says changes nothing.";

    private static readonly Dictionary<string, string> NameExample = new(StringComparer.Ordinal) { ["name"] = "announce", ["version"] = "1" };

    private static readonly DocParameter Application = new("application", DocType.Text, "Whose action. Default: the generic one of that name.") { Example = "shop" };

    public static readonly Doc Register = new("Register a declared action", HowTo)
    {
        Parameters = [new("dryRun", DocType.Flag, "True: only check it. Default: false.") { Example = false }],
        Body = new(typeof(DefinitionDocument), Definition),
        Answers =
        [
            new(201, "Registered.", typeof(RegistrationBody), Registered) { Headers = [("Location", "The action.")] },
            new(200, "The newest version says the same already; or, with dryRun, it would be taken.", typeof(RegistrationBody), Registered),
        ],
        Errors = [ActionErrors.InvalidDefinition, ActionErrors.ActionInCode],
        IsIdempotent = true,
    };

    public static readonly Doc Put = Register with { Summary = "Register a declared action, or a new version of it", Parameters = [], IsIdempotent = false };

    public static readonly Doc PutNamed = Put with
    {
        Summary = "Register a declared action of this name",
        Description = HowTo + " Name and application of the definition must be those of the address.",
        PathExamples = NameExample,
        Parameters = [Application],
    };

    public static readonly Doc Read = new("Read an action", "With the text of its newest version where it is a declared one.")
    {
        PathExamples = NameExample,
        Parameters = [Application],
        Answers =
        [
            new(200, "The action.", typeof(ActionDetails),
                $$"""{"application":null,"action":"announce","source":"declared","inputType":"json-object","hash":"0123456789abcdef0123456789abcdef","jobs":[{"name":"tell","hasRollback":false,"inputType":"json-object","outputType":"json-object"}],"newest":{{VersionExample}}}"""),
        ],
        Errors = [ActionErrors.ActionNotFound],
    };

    public static readonly Doc Delete = new("Delete a declared action", "No further deployment begins; those that run go on. What is registered under the name later is a further version.")
    {
        PathExamples = NameExample,
        Parameters = [Application],
        Answers = [new(204, "Deleted.")],
        Errors = [ActionErrors.ActionNotFound, ActionErrors.ActionInCode],
    };

    public static readonly Doc Versions = new("List the versions of a declared action", "The newest first, all of them; they never change.")
    {
        PathExamples = NameExample,
        Parameters = [Application],
        Answers = [new(200, "The versions.", typeof(VersionPage), $$"""{"items":[{{VersionExample}}],"nextCursor":null}""")],
        Errors = [ActionErrors.ActionNotFound],
    };

    public static readonly Doc Version = new("Read a version of a declared action")
    {
        PathExamples = NameExample,
        Parameters = [Application],
        Answers = [new(200, "The version.", typeof(VersionBody), VersionExample)],
        Errors = [ActionErrors.ActionNotFound],
    };

    public static readonly Doc Schema = new("Read the JSON Schema of definitions", "With the parameters of every built-in job; for editors, and for whoever writes definitions.")
    {
        Answers = [new(200, "The schema.", typeof(string), Example: null, ContentType: "application/schema+json")],
    };
}
