using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;

namespace Orchestrator.Api.Jobs;

/// <summary>What the OpenAPI document says about flavors and pressure.</summary>
internal static class FlavorDocs
{
    private const string Example =
        """{"platform":"github","name":"large","labels":["large","x64"],"priority":300,"is_disabled":false,"minimum_pressure":0,"maximum_pressure":null,"provision":null,"created_at":"2026-11-21T12:00:00Z","updated_at":"2026-11-21T12:00:00Z"}""";

    private const string RequestExample = """{"platform":"github","labels":["large","x64"],"priority":300,"is_disabled":false,"minimum_pressure":0}""";

    private static readonly DocParameter Platform = new("platform", DocType.Text, "Where jobs come from. Default: github.") { Example = "github" };

    private static readonly Dictionary<string, string> NameExample = new(StringComparer.Ordinal) { ["name"] = "large" };

    public static readonly Doc List = new("List the flavors of a platform", "By name, all of them.")
    {
        Parameters = [Platform],
        Answers = [new(200, "The flavors.", typeof(FlavorBody[]), $"[{Example}]")],
    };

    public static readonly Doc Add = new("Add a flavor", "Waiting jobs that it fits are assigned.")
    {
        PathExamples = NameExample,
        Parameters = [Platform],
        Body = new(typeof(FlavorRequest), RequestExample),
        Answers = [new(201, "Added.")],
        Errors = [JobErrors.FlavorExists],
        IsIdempotent = true,
    };

    public static readonly Doc Read = new("Read a flavor")
    {
        PathExamples = NameExample,
        Parameters = [Platform],
        Answers = [new(200, "The flavor.", typeof(FlavorBody), Example)],
        Errors = [JobErrors.FlavorNotFound],
    };

    public static readonly Doc Update = new(
        "Change a flavor",
        "What the body does not name stays as it is; `\"maximum_pressure\": null` removes the bound, `\"provision\": null` the template of its instances. Jobs that no longer fit are assigned anew.")
    {
        PathExamples = NameExample,
        Parameters = [Platform],
        Body = new(typeof(FlavorRequest), """{"is_disabled":true}"""),
        Answers = [new(204, "Changed.")],
        Errors = [JobErrors.FlavorNotFound],
    };

    public static readonly Doc Replace = new(
        "Create or replace a flavor", "What the body does not name gets its default. Repeating it changes nothing.")
    {
        PathExamples = NameExample,
        Parameters = [Platform],
        Body = new(typeof(FlavorRequest), RequestExample),
        Answers = [new(201, "There was none; it was added."), new(204, "Replaced.")],
    };

    public static readonly Doc Delete = new(
        "Delete a flavor", "Its incomplete jobs are assigned anew; completed ones keep its name. Nothing happens when there is none.")
    {
        PathExamples = NameExample,
        Parameters = [Platform],
        Answers = [new(200, "There is no such flavor (any more).")],
        Errors = [Errors.InvalidField],
    };

    public static readonly Doc Pressure = new(
        "Read or follow the pressure",
        "How many machines of a flavor are wanted in total; `_` means every flavor of the platform. With `stream=true` the answer does not end: a line of JSON at once, one for every change, and one every 30 seconds; `{}` when the flavor is gone.")
    {
        PathExamples = NameExample,
        Parameters = [Platform, new("stream", DocType.Flag, "True: follow. Default: false.") { Example = false }],
        Answers = [new(200, "Pressure by name of flavor.", typeof(Dictionary<string, long>), """{"large":3}""")],
        Errors = [JobErrors.FlavorNotFound],
    };
}
