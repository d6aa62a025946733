namespace Orchestrator.Sagas.Clones;

/// <summary>How long something stays protected.</summary>
public static class Protection
{
    /// <summary>
    /// When a protection of so many minutes ends; null: not by itself. 0 asks for as long as is allowed, and a maximum of
    /// 0 allows everything.
    /// </summary>
    public static DateTimeOffset? Till(int minutes, int maxMinutes, DateTimeOffset now)
    {
        if (maxMinutes > 0)
            minutes = minutes == 0 ? maxMinutes : Math.Min(minutes, maxMinutes);
        if (minutes == 0)
            return null;
        return Exact(now.AddMinutes(minutes));
    }

    /// <summary>No finer than the database keeps a time, so that a timeout finds what it belongs to.</summary>
    public static DateTimeOffset? Exact(DateTimeOffset? time) =>
        time is { } exact ? exact.ToUniversalTime().AddTicks(-(exact.UtcTicks % TimeSpan.TicksPerMillisecond)) : null;
}
