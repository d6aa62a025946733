using System.Globalization;
using System.Text.Json.Nodes;

namespace Orchestrator.Local.Demo.Jobs;

/// <summary>The body of a <c>workflow_job</c> delivery, with the fields that GitHub sends.</summary>
internal sealed record Payload
{
    private const string Organisation = "acme";

    public required long JobId { get; init; }

    public required string Repository { get; init; }

    public required string JobName { get; init; }

    public required IReadOnlyList<string> Labels { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>GitHub fills it in when queued already.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset? CompletedAt { get; init; }

    public string? Conclusion { get; init; }

    public JsonObject Create(string action) => new()
    {
        ["action"] = action,
        ["workflow_job"] = WorkflowJob(action),
        ["repository"] = new JsonObject
        {
            ["id"] = 1_296_269,
            ["name"] = Repository,
            ["full_name"] = $"{Organisation}/{Repository}",
            ["private"] = true,
            ["owner"] = new JsonObject { ["login"] = Organisation, ["type"] = "Organization" },
            ["html_url"] = $"https://github.com/{Organisation}/{Repository}",
            ["default_branch"] = "main",
        },
        ["organization"] = new JsonObject { ["login"] = Organisation, ["id"] = 9_919 },
        ["sender"] = new JsonObject { ["login"] = "octocat", ["id"] = 583_231, ["type"] = "User", ["site_admin"] = false },
    };

    private static string? Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private JsonObject WorkflowJob(string action)
    {
        var running = action is not "queued" && Conclusion is not ("skipped" or "cancelled");
        var run = JobId / 10;
        return new JsonObject
        {
            ["id"] = JobId,
            ["run_id"] = run,
            ["workflow_name"] = "CI",
            ["head_branch"] = "main",
            ["run_url"] = $"https://api.github.com/repos/{Organisation}/{Repository}/actions/runs/{run}",
            ["run_attempt"] = 1,
            ["head_sha"] = "f83a356604ae3c5d03e1b46ef4d1ca77d64a90b0",
            ["url"] = $"https://api.github.com/repos/{Organisation}/{Repository}/actions/jobs/{JobId}",
            ["html_url"] = $"https://github.com/{Organisation}/{Repository}/actions/runs/{run}/job/{JobId}",
            ["status"] = action,
            ["conclusion"] = Conclusion,
            ["created_at"] = Time(CreatedAt),
            ["started_at"] = Time(StartedAt),
            ["completed_at"] = Time(CompletedAt),
            ["name"] = JobName,
            ["steps"] = new JsonArray(),
            ["labels"] = new JsonArray([.. Labels.Select(label => JsonValue.Create(label))]),
            ["runner_id"] = running ? JobId % 1000 : null,
            ["runner_name"] = running ? $"runner-{JobId % 1000}" : null,
            ["runner_group_id"] = running ? 1 : null,
            ["runner_group_name"] = running ? "Default" : null,
        };
    }
}
