using System.Globalization;
using System.Text.Json;
using Orchestrator.Sagas.Messaging;

namespace Orchestrator.Sagas.Jobs;

/// <summary>
/// Reads GitHub's <c>workflow_job</c> deliveries as the upstream planner does: the checks are in its order, so that a
/// job which concerns no machine of ours is ignored however odd the rest of it is.
/// </summary>
public sealed class GithubDelivery(Labels labels)
{
    public const string Platform = "github";
    public const string WorkflowJobEvent = "workflow_job";

    /// <summary>The change that a delivery means, or null when it means none.</summary>
    /// <param name="eventName">Header <c>X-GitHub-Event</c>.</param>
    /// <param name="body">The raw delivery.</param>
    /// <exception cref="InvalidMessageException">The delivery is malformed; the text names the field.</exception>
    public JobChange? Read(string? eventName, ReadOnlyMemory<byte> body)
    {
        if (string.IsNullOrEmpty(eventName))
            throw Invalid("X-GitHub-Event", "the header is missing");
        if (!string.Equals(eventName, WorkflowJobEvent, StringComparison.Ordinal))
            return null;
        using var document = Parse(body);
        try
        {
            return Read(document.RootElement);
        }
        catch (InvalidOperationException)
        {
            throw Invalid("body", "it holds text that is not valid Unicode");
        }
    }

    private JobChange? Read(JsonElement delivery)
    {
        if (delivery.ValueKind is not JsonValueKind.Object)
            throw Invalid("body", "it must be a JSON object");
        if (KindOf(Text(delivery, "action", "action")) is not { } kind)
            return null;
        var job = Object(delivery, "workflow_job", "workflow_job");
        var rawLabels = ReadLabels(job);
        if (!rawLabels.Any(label => label.Contains("self-hosted", StringComparison.OrdinalIgnoreCase)))
            return null;
        if (rawLabels.Count > JobRules.MaxLabels || !rawLabels.TrueForAll(JobRules.IsLabel))
        {
            throw Invalid(
                "workflow_job.labels",
                $"it must have at most {JobRules.MaxLabels} entries of 1 to {JobRules.MaxLabelLength} characters without control characters");
        }

        var createdAt = Time(job, "created_at") ?? throw Invalid("workflow_job.created_at", "it is missing");
        var id = ReadId(job);
        var startedAt = kind is JobEventKind.Queued ? null : Time(job, "started_at");
        if (kind is JobEventKind.Started && startedAt is null)
            throw Invalid("workflow_job.started_at", "it is missing");
        var completedAt = kind is JobEventKind.Completed
            ? Time(job, "completed_at") ?? throw Invalid("workflow_job.completed_at", "it is missing")
            : (DateTimeOffset?)null;
        if (Text(Object(delivery, "repository", "repository"), "full_name", "repository.full_name").Length == 0)
            throw Invalid("repository.full_name", "it is empty");
        return new JobChange
        {
            Kind = kind,
            Platform = Platform,
            Id = id,
            Labels = labels.OfJob(Platform, rawLabels),
            CreatedAt = createdAt,
            StartedAt = startedAt,
            CompletedAt = completedAt,
            Raw = $$"""{"{{delivery.GetProperty("action").GetString()}}":{{delivery.GetRawText()}}}""",
        };
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            return JsonDocument.Parse(body);
        }
        catch (JsonException exception)
        {
            throw new InvalidMessageException("MALFORMED_JSON", $"The body is not JSON: {exception.Message}");
        }
    }

    private static JobEventKind? KindOf(string action) => action switch
    {
        "queued" => JobEventKind.Queued,
        "in_progress" => JobEventKind.Started,
        "completed" => JobEventKind.Completed,
        _ => null,
    };

    private static List<string> ReadLabels(JsonElement job)
    {
        if (!job.TryGetProperty("labels", out var array) || array.ValueKind is JsonValueKind.Null)
            return [];
        if (array.ValueKind is not JsonValueKind.Array || array.EnumerateArray().Any(label => label.ValueKind is not JsonValueKind.String))
            throw Invalid("workflow_job.labels", "it must be an array of text");
        return [.. array.EnumerateArray().Select(label => label.GetString()!)];
    }

    private static string ReadId(JsonElement job) =>
        job.TryGetProperty("id", out var id) && id.ValueKind is JsonValueKind.Number && id.TryGetInt64(out var number) && number > 0
            ? number.ToString(CultureInfo.InvariantCulture)
            : throw Invalid("workflow_job.id", "it must be a positive 64-bit number");

    private static DateTimeOffset? Time(JsonElement job, string name)
    {
        if (!job.TryGetProperty(name, out var value) || value.ValueKind is JsonValueKind.Null)
            return null;
        return value.ValueKind is JsonValueKind.String && Rfc3339.TryParse(value.GetString(), out var time) && JobRules.IsTime(time)
            ? time
            : throw Invalid($"workflow_job.{name}", "it must be an RFC 3339 time between the years 1970 and 9998");
    }

    private static string Text(JsonElement element, string name, string path) =>
        element.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String
            ? value.GetString()!
            : throw Invalid(path, "it must be text");

    private static JsonElement Object(JsonElement element, string name, string path) =>
        element.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.Object
            ? value
            : throw Invalid(path, "it must be a JSON object");

    private static InvalidMessageException Invalid(string field, string problem) => new("INVALID_FIELD", $"'{field}': {problem}.");
}
