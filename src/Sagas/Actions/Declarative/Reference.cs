using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>A way into a JSON value: names and indices.</summary>
/// <param name="Steps">Names as they are, indices as numbers.</param>
public sealed record ValuePath(IReadOnlyList<string> Steps)
{
    /// <summary>The value there; null when there is none.</summary>
    public (bool Exists, JsonNode? Value) Find(JsonNode? value)
    {
        foreach (var step in Steps)
        {
            switch (value)
            {
                case JsonObject obj when obj.TryGetPropertyValue(step, out var member):
                    value = member;
                    break;
                case JsonArray array when int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < array.Count:
                    value = array[index];
                    break;
                default:
                    return (false, null);
            }
        }

        return (true, value);
    }

    public override string ToString() => string.Join('.', Steps);
}

/// <summary>What <c>${…}</c> points to: <c>input</c>, <c>jobs.NAME.output</c> or <c>deployment</c>, and a way into it.</summary>
public sealed partial record Reference(string Root, string? Job, ValuePath Path, string Text)
{
    public const string Input = "input";
    public const string Jobs = "jobs";
    public const string Deployment = "deployment";

    /// <summary>What <c>${deployment.…}</c> offers.</summary>
    public static readonly IReadOnlyList<string> DeploymentMembers = ["id", "groupId", "application", "action"];

    private const string Allowed = "allowed are ${input...}, ${jobs.NAME.output...} and ${deployment." + "id|groupId|application|action}";

    /// <summary>Reads what stands between the braces.</summary>
    /// <exception cref="FormatException">It is no reference; the message says why.</exception>
    public static Reference Parse(string text)
    {
        var steps = Steps(text);
        switch (steps)
        {
            case [Input, .. var path]:
                return new Reference(Input, Job: null, new ValuePath(path), text);
            case [Jobs, var job, "output", .. var path]:
                return new Reference(Jobs, job, new ValuePath(path), text);
            case [Jobs, ..]:
                throw new FormatException($"'${{{text}}}' must be ${{jobs.NAME.output}} or go on from there.");
            case [Deployment, var member] when DeploymentMembers.Contains(member, StringComparer.Ordinal):
                return new Reference(Deployment, Job: null, new ValuePath([member]), text);
            default:
                throw new FormatException($"'${{{text}}}' points nowhere: {Allowed}.");
        }
    }

    /// <summary>Reads a way such as <c>body.items[0].id</c> or <c>headers["x-request-id"]</c>.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static ValuePath ParsePath(string text) => new(Steps(text));

    private static string[] Steps(string text)
    {
        var steps = new List<string>();
        var position = 0;
        while (position < text.Length)
        {
            var step = Step().Match(text, position);
            if (!step.Success || (position == 0 && step.Groups["dot"].Success) || (position > 0 && step.Groups["name"].Success && !step.Groups["dot"].Success))
                throw Malformed(text);
            steps.Add(step.Groups["name"] is { Success: true } name ? name.Value
                : step.Groups["index"] is { Success: true } index ? index.Value
                : step.Groups["quoted"].Value.Replace("\\\"", "\"", StringComparison.Ordinal));
            position += step.Length;
        }

        return steps.Count > 0 ? [.. steps] : throw Malformed(text);
    }

    private static FormatException Malformed(string text) =>
        new($"'{text}' must be names joined by dots, with [0] for items and [\"any name\"] for other names.");

    [GeneratedRegex("""\G((?<dot>\.)?(?<name>[A-Za-z_][A-Za-z0-9_-]*)|\[(?<index>[0-9]{1,6})\]|\["(?<quoted>([^"\\]|\\")+)"\])""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Step();
}
