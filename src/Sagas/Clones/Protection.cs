using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Clones;

/// <summary>What can be protected from deletion, for some time or until somebody ends it, and what may have a time to be deleted at.</summary>
public interface IProtectable
{
    bool IsProtected { get; set; }

    /// <summary>When the protection ends; null with <see cref="IsProtected"/>: not by itself.</summary>
    DateTimeOffset? ProtectedTill { get; set; }

    DateTimeOffset? DeleteAt { get; }

    /// <summary>Whether it may not be deleted at a time.</summary>
    bool IsProtectedAt(DateTimeOffset now);
}

/// <summary>How long something stays protected, and the timers that say when that, or its own time, has come.</summary>
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

    /// <summary>Protects, and sets or takes back the timer of the end.</summary>
    internal static void Begin<TExpired>(
        DurableTransaction transaction, IProtectable thing, DateTimeOffset? till, Guid lease, Func<DateTimeOffset, TExpired> expired)
        where TExpired : class
    {
        (thing.IsProtected, thing.ProtectedTill) = (true, till);
        if (till is { } end)
            transaction.Schedule(expired(end), lease, end);
        else
            transaction.Unschedule(lease);
    }

    internal static void End(DurableTransaction transaction, IProtectable thing, Guid lease)
    {
        (thing.IsProtected, thing.ProtectedTill) = (false, null);
        transaction.Unschedule(lease);
    }

    /// <summary>Sets the timer of the time to delete it, unless it is protected; the end of the protection sets it again.</summary>
    internal static void ScheduleDeletion<TDue>(
        DurableTransaction transaction, IProtectable thing, DateTimeOffset now, Guid token, Func<DateTimeOffset, TDue> due)
        where TDue : class
    {
        if (thing.DeleteAt is { } deleteAt && !thing.IsProtectedAt(now))
            transaction.Schedule(due(deleteAt), token, deleteAt);
        else
            transaction.Unschedule(token);
    }
}
