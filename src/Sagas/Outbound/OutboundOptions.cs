using System.ComponentModel.DataAnnotations;

namespace Orchestrator.Sagas.Outbound;

/// <summary>Section <c>Outbound</c>: the requests that users direct, such as those of <c>http-request</c> and callbacks.</summary>
public sealed class OutboundOptions : IValidatableObject
{
    /// <summary>
    /// Targets that are reached although they are not on the public internet: host names (<c>build.internal</c>,
    /// <c>*.corp.example</c>), addresses or networks (<c>10.1.0.0/16</c>, <c>fd00::/8</c>), each with a port where only
    /// that one is meant (<c>127.0.0.1:9000</c>, <c>[::1]:9000</c>). Default: none.
    /// </summary>
    public IList<string> Allow { get; init; } = [];

    /// <summary>A connection must stand within this time. 100 milliseconds to 1 minute, default 10 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The longest that one request may take with its answer, whatever was asked for. 1 second to 10 minutes, default 1 minute.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>The most bytes of an answer's body that are read. 1,024 to 67,108,864, default 1,048,576.</summary>
    [Range(1024, 64 * 1024 * 1024)]
    public int MaximumAnswerBytes { get; set; } = 1024 * 1024;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var entry in Allow)
        {
            if (AllowedTarget.Parse(entry) is null)
                yield return new ValidationResult($"'{entry}' is neither a host, an address nor a network in CIDR form, with or without a port.", [nameof(Allow)]);
        }
    }
}
