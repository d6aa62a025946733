using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Bench.Intake;
using Orchestrator.Bench.Stand;

namespace Orchestrator.Bench.Webhook;

/// <summary>A queued <c>workflow_job</c> delivery of about 10 KB, as GitHub sends it for an organisation's repository.</summary>
public sealed record SignedDelivery(byte[] Body, string Signature)
{
    private const string Api = "https://api.github.com";

    private static readonly string[] RepositoryLinks =
    [
        "forks", "keys", "collaborators", "teams", "hooks", "issue_events", "events", "assignees", "branches", "tags", "blobs",
        "git_tags", "git_refs", "trees", "statuses", "languages", "stargazers", "contributors", "subscribers", "subscription",
        "commits", "git_commits", "comments", "issue_comment", "contents", "compare", "merges", "archive", "downloads", "issues",
        "pulls", "milestones", "notifications", "labels", "releases", "deployments",
    ];

    private static readonly string[] UserLinks =
    [
        "followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events", "received_events",
    ];

    public static SignedDelivery Create(long id)
    {
        var body = Encoding.UTF8.GetBytes(Payload(id).ToJsonString());
        var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(TestStand.WebhookSecret), body);
        return new SignedDelivery(body, $"sha256={Convert.ToHexStringLower(signature)}");
    }

    public HttpRequestMessage Request()
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/webhook") { Content = new ByteArrayContent(Body) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.Add("X-Hub-Signature-256", Signature);
        request.Headers.Add("X-GitHub-Event", "workflow_job");
        request.Headers.Add("X-GitHub-Delivery", Guid.CreateVersion7().ToString());
        return request;
    }

    private static JsonObject Payload(long id)
    {
        var kind = JobKind.Of((int)(id % 1_000_000));
        return new JsonObject
        {
            ["action"] = "queued",
            ["workflow_job"] = Job(id, kind),
            ["repository"] = Repository(),
            ["organization"] = User("acme"),
            ["enterprise"] = User("acme-enterprise"),
            ["sender"] = User("octocat"),
        };
    }

    private static JsonObject Job(long id, JobKind kind) => new()
    {
        ["id"] = id,
        ["run_id"] = id / 10,
        ["workflow_name"] = "CI",
        ["head_branch"] = "main",
        ["run_url"] = $"{Api}/repos/acme/widgets/actions/runs/{id / 10}",
        ["run_attempt"] = 1,
        ["node_id"] = "CR_kwDOABPHjc8AAAAB" + id,
        ["head_sha"] = "f83a356604ae3c5d03e1b46ef4d1ca77d64a90b0",
        ["url"] = $"{Api}/repos/acme/widgets/actions/jobs/{id}",
        ["html_url"] = $"https://github.com/acme/widgets/actions/runs/{id / 10}/job/{id}",
        ["status"] = "queued",
        ["conclusion"] = null,
        ["created_at"] = "2026-11-20T12:00:00Z",
        ["started_at"] = "2026-11-20T12:00:00Z",
        ["completed_at"] = null,
        ["name"] = "build (linux, release)",
        ["steps"] = new JsonArray(),
        ["check_run_url"] = $"{Api}/repos/acme/widgets/check-runs/{id}",
        ["labels"] = new JsonArray([.. kind.SentLabels.Select(label => JsonValue.Create(label))]),
        ["runner_id"] = null,
        ["runner_name"] = null,
        ["runner_group_id"] = null,
        ["runner_group_name"] = null,
    };

    private static JsonObject Repository()
    {
        var repository = new JsonObject
        {
            ["id"] = 1_296_269,
            ["node_id"] = "MDEwOlJlcG9zaXRvcnkxMjk2MjY5",
            ["name"] = "widgets",
            ["full_name"] = "acme/widgets",
            ["private"] = true,
            ["owner"] = User("acme"),
            ["description"] = "Everything that goes into a widget, and the tools that make one out of it.",
            ["default_branch"] = "main",
            ["topics"] = new JsonArray("widgets", "build", "ci"),
            ["license"] = new JsonObject { ["key"] = "mit", ["name"] = "MIT License", ["spdx_id"] = "MIT" },
            ["custom_properties"] = new JsonObject { ["team"] = "platform", ["tier"] = "1", ["notes"] = new string('x', 1_500) },
        };
        foreach (var link in RepositoryLinks)
            repository[$"{link}_url"] = $"{Api}/repos/acme/widgets/{link.Replace('_', '/')}{{/sha}}";
        return repository;
    }

    private static JsonObject User(string login)
    {
        var user = new JsonObject
        {
            ["login"] = login,
            ["id"] = 583_231,
            ["node_id"] = "MDQ6VXNlcjU4MzIzMQ==",
            ["avatar_url"] = "https://avatars.githubusercontent.com/u/583231?v=4",
            ["type"] = "User",
            ["site_admin"] = false,
        };
        foreach (var link in UserLinks)
            user[$"{link}_url"] = $"{Api}/users/{login}/{link}{{/other}}";
        return user;
    }
}
