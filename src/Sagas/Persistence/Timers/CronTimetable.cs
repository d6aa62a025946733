using System.Diagnostics.CodeAnalysis;
using Quartz;

namespace Orchestrator.Sagas.Persistence.Timers;

/// <summary>
/// When a recurring thing happens: a cron expression, of five fields as in a crontab, of six or seven as Quartz has them
/// (seconds first), or a macro such as <c>@daily</c>, read in a time zone. A time that daylight saving skips happens
/// when the clock has moved on; one that comes twice happens once.
/// </summary>
public sealed class CronTimetable
{
    private readonly CronExpression _cron;

    private CronTimetable(string expression, TimeZoneInfo zone, CronExpression cron) =>
        (Expression, TimeZone, _cron) = (expression, zone, cron);

    /// <summary>As it was given.</summary>
    public string Expression { get; }

    public TimeZoneInfo TimeZone { get; }

    /// <summary>Reads an expression and the IANA name of a time zone, UTC when there is none.</summary>
    /// <param name="expression">Five, six or seven fields, or a macro.</param>
    /// <param name="timeZone">Such as <c>Europe/Berlin</c>.</param>
    /// <param name="timetable">Null when it cannot be read.</param>
    /// <param name="error">Says what is wrong.</param>
    public static bool TryParse(
        string expression, string? timeZone, [NotNullWhen(true)] out CronTimetable? timetable, [NotNullWhen(false)] out string? error)
    {
        timetable = null;
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(timeZone is { Length: > 0 } ? timeZone : "UTC", out var zone))
        {
            error = $"There is no time zone {timeZone}; it must be an IANA name such as Europe/Berlin.";
            return false;
        }

        try
        {
            var fields = expression.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;
            var cron = CronExpression.Parse(expression.Trim(), fields == 5 ? CronFormat.Unix : CronFormat.Quartz);
            timetable = new CronTimetable(expression, zone, cron.WithTimeZone(zone));
            error = null;
            return true;
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            error = $"{expression} is no cron expression of five, six or seven fields: {exception.Message}";
            return false;
        }
    }

    /// <inheritdoc cref="TryParse"/>
    /// <exception cref="FormatException">It cannot be read; the message says why.</exception>
    public static CronTimetable Parse(string expression, string? timeZone = null) =>
        TryParse(expression, timeZone, out var timetable, out var error) ? timetable : throw new FormatException(error);

    /// <summary>The first time after another one; null when there is none any more.</summary>
    public DateTimeOffset? Next(DateTimeOffset after) => _cron.GetNextValidTimeAfter(after);
}
