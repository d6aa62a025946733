using System.Globalization;
using System.Text.Json.Nodes;

namespace Orchestrator.Local.Demo.Jobs;

/// <summary>Compares a job as the API gives it with the row it must be: times as instants, JSON by its meaning.</summary>
internal static class JobComparison
{
    /// <summary>One line per difference; none when they are the same.</summary>
    public static IReadOnlyList<string> Differences(ExpectedJob expected, JsonNode? actual)
    {
        if (actual is null)
            return ["it does not exist"];
        var differences = new List<string>();
        Compare("platform", "github", Text(actual["platform"]));
        Compare("id", expected.Id, Text(actual["id"]));
        Compare("labels", string.Join(", ", expected.Labels), string.Join(", ", (actual["labels"] as JsonArray ?? []).Select(Text)));
        Compare("created_at", Instant(expected.CreatedAt), Instant(actual["created_at"]));
        Compare("started_at", Instant(expected.StartedAt), Instant(actual["started_at"]));
        Compare("completed_at", Instant(expected.CompletedAt), Instant(actual["completed_at"]));
        Compare("assigned_flavor", expected.AllowedFlavors, Text(actual["assigned_flavor"]));
        CompareRaw(expected.Raw, actual["raw"] as JsonObject ?? [], differences);
        return differences;

        void Compare(string field, object wanted, string got)
        {
            var allowed = wanted is IReadOnlyList<string> list ? (list.Count == 0 ? [Unset] : list) : [(string)wanted];
            if (!allowed.Contains(got, StringComparer.Ordinal))
                differences.Add($"{field}: expected {string.Join(" or ", allowed)}, got {got}");
        }
    }

    private const string Unset = "nothing";

    private static string Text(JsonNode? node) => node?.ToString() ?? Unset;

    private static string Instant(DateTimeOffset? time) => time?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture) ?? Unset;

    private static string Instant(JsonNode? node) =>
        DateTimeOffset.TryParse(node?.ToString(), CultureInfo.InvariantCulture, out var time) ? Instant(time) : Text(node);

    private static void CompareRaw(JsonObject expected, JsonObject actual, List<string> differences)
    {
        foreach (var action in expected.Select(pair => pair.Key).Union(actual.Select(pair => pair.Key), StringComparer.Ordinal))
        {
            if (!actual.ContainsKey(action))
                differences.Add($"raw: {action} is missing");
            else if (!expected.ContainsKey(action))
                differences.Add($"raw: {action} was never sent");
            else if (!JsonNode.DeepEquals(expected[action], actual[action]))
                differences.Add($"raw: {action} differs from the payload that was sent");
        }
    }
}
