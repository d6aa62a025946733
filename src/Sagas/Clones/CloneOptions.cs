using System.ComponentModel.DataAnnotations;
using Orchestrator.Sagas.Persistence.Timers;

namespace Orchestrator.Sagas.Clones;

/// <summary>Section <c>Clones</c>: how long clones live and what snapshots are made of.</summary>
public sealed class CloneOptions : IValidatableObject
{
    /// <summary>The group of the sources' schedules.</summary>
    internal const string ScheduleGroup = "clones";

    /// <summary>
    /// An unprotected clone that nobody used for so many minutes is deleted: no session at work and no transaction. 0 to
    /// 525,600; default 0, never.
    /// </summary>
    [Range(0, 525600)]
    public int MaxIdleMinutes { get; set; }

    /// <summary>How often a host looks whether its clones are in use, and how large they are. 1 second to 1 hour, default 1 minute.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan MeasureInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How many minutes a protection lasts when the request does not say. 0 to 525,600; 0 means for as long as
    /// <c>Clones:ProtectionMaxDurationMinutes</c> allows. Default 1440.
    /// </summary>
    [Range(0, 525600)]
    public int ProtectionLeaseDurationMinutes { get; set; } = 1440;

    /// <summary>The longest protection in minutes. 0 to 525,600; 0 means that there is no bound. Default 10080.</summary>
    [Range(0, 525600)]
    public int ProtectionMaxDurationMinutes { get; set; } = 10080;

    /// <summary>A clone that is being created or reset for longer is FATAL. 10 seconds to 1 day, default 10 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")]
    public TimeSpan BuildTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>A clone or snapshot that is being deleted for longer is FATAL. 10 seconds to 1 day, default 5 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")]
    public TimeSpan DeleteTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>A snapshot that is being made for longer is given up. 1 minute to 30 days, default 12 hours.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00")]
    public TimeSpan SnapshotTimeout { get; set; } = TimeSpan.FromHours(12);

    /// <summary>The clones of a host that is away for longer are FATAL until it is back. 5 seconds to 1 day, default 2 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "1.00:00:00")]
    public TimeSpan HostLossTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// The instance status turns to WARNING when the data of the newest snapshot is older. 1 minute to 3,650 days, default:
    /// no bound.
    /// </summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan? StaleAfter { get; set; }

    /// <summary>How many snapshots of a source are kept, apart from those in use. 1 to 1,000, default 3.</summary>
    [Range(1, 1000)]
    public int KeepSnapshots { get; set; } = 3;

    /// <summary>
    /// Live servers that snapshots can be made of, by name: <c>Clones:Sources:NAME:ConnectionString</c> (a libpq URI or
    /// <c>key=value</c>), and if it is to be refreshed <c>Clones:Sources:NAME:Schedule</c> (a cron expression in UTC) and <c>Clones:Sources:NAME:Keep</c>. A
    /// request that names no source means the one called <c>default</c>, or the only one. Default: none.
    /// </summary>
    public IDictionary<string, CloneSourceOptions> Sources { get; init; } = new Dictionary<string, CloneSourceOptions>(StringComparer.Ordinal);

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (ProtectionMaxDurationMinutes > 0 && ProtectionLeaseDurationMinutes > ProtectionMaxDurationMinutes)
            yield return new ValidationResult("it must not be above Clones:ProtectionMaxDurationMinutes.", [nameof(ProtectionLeaseDurationMinutes)]);
        foreach (var (name, source) in Sources)
        {
            if (!SourceAddress.TryParse(source.ConnectionString, out _, out var problem))
                yield return new ValidationResult(problem, [$"Sources:{name}:ConnectionString"]);
            if (source.Schedule is { Length: > 0 } schedule && !CronTimetable.TryParse(schedule, timeZone: null, out _, out problem))
                yield return new ValidationResult(problem, [$"Sources:{name}:Schedule"]);
            if (source.Keep is < 1 or > 1000)
                yield return new ValidationResult("it must be a number from 1 to 1000.", [$"Sources:{name}:Keep"]);
        }
    }
}

/// <summary>One of <see cref="CloneOptions.Sources"/>.</summary>
public sealed class CloneSourceOptions
{
    /// <summary>A libpq URI or <c>key=value</c> text with host, port, user, password, dbname and sslmode.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>When a new snapshot is made by itself: a cron expression in UTC. Default: never.</summary>
    public string? Schedule { get; set; }

    /// <summary>How many of its snapshots are kept. Default: <c>Clones:KeepSnapshots</c>.</summary>
    public int? Keep { get; set; }
}
