using System.ComponentModel.DataAnnotations;

namespace Orchestrator.Sagas.Duties;

/// <summary>Section <c>Retention</c>: how long finished things are kept.</summary>
public sealed class RetentionOptions : IValidatableObject
{
    /// <summary>Ids of handled messages. At least as long as dead letters. 1 hour to 3,650 days, default 14 days.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan Inbox { get; set; } = TimeSpan.FromDays(14);

    /// <summary>Dead letters. 1 hour to 3,650 days, default 14 days.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan DeadLetters { get; set; } = TimeSpan.FromDays(14);

    /// <summary>The lines of timelines. 1 hour to 3,650 days, default 30 days.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan Events { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Tombstones of deleted and expired jobs. 1 day to 3,650 days, default 365 days.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "3650.00:00:00")]
    public TimeSpan Tombstones { get; set; } = TimeSpan.FromDays(365);

    /// <summary>How often old rows are removed. 1 second to 1 day, default 10 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromMinutes(10);

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (Inbox < DeadLetters)
            yield return new ValidationResult("a dead letter could be replayed after its id is forgotten; it must be at least Retention:DeadLetters.", [nameof(Inbox)]);
    }
}
