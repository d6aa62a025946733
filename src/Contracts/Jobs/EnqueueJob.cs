using System.Text.Json;

namespace Orchestrator.Contracts.Jobs;

/// <summary>
/// Command: a platform has a job that waits for a machine. Sent by upstream systems, consumed by the workers.
/// A repeat changes nothing; a job that is known already takes at most the payload of the later command. Answered by <see cref="JobAssigned"/> or
/// <see cref="JobUnmatched"/>.
/// </summary>
[MessageName("orchestrator.jobs.enqueue-job")]
public sealed record EnqueueJob
{
    /// <summary>Where the job comes from, such as <c>github</c>. 1 to 100 characters.</summary>
    public required string Platform { get; init; }

    /// <summary>The platform's own id of the job. 1 to 200 characters, unique within the platform.</summary>
    public required string Id { get; init; }

    /// <summary>
    /// What the machine must offer. Compared case-insensitively; a job without labels matches every flavor of its
    /// platform. At most 100 labels of 1 to 200 characters. Default: none.
    /// </summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>When the platform created the job. Default: when the command is handled.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>A JSON object that is kept with the job as it is. Default: an empty object.</summary>
    public JsonElement? Raw { get; init; }
}
