using System.Diagnostics;

namespace Orchestrator.Sagas.Persistence;

/// <summary>
/// Places where a test can end the process as <c>kill -9</c> would. <c>ORCHESTRATOR_FAIL_POINT=name:n</c> ends it at
/// the n-th passing of that place; without the variable nothing happens.
/// </summary>
public static class FailPoint
{
    public const string AfterCommit = "after-commit";
    public const string AfterPublish = "after-publish";

    /// <summary>A worker has an attempt of a job, and has not begun it.</summary>
    public const string JobClaimed = "job-claimed";

    /// <summary>A job has stored data.</summary>
    public const string JobDataStored = "job-data-stored";

    /// <summary>A job has ended, and nothing of that is committed.</summary>
    public const string JobDone = "job-done";

    /// <summary>What became of a job is committed.</summary>
    public const string JobReported = "job-reported";

    private static readonly string? Armed;
    private static int s_left;

    static FailPoint()
    {
        var setting = Environment.GetEnvironmentVariable("ORCHESTRATOR_FAIL_POINT")?.Split(':');
        if (setting is not [var name, var count] || !int.TryParse(count, out s_left))
            return;
        Armed = name;
    }

    /// <summary>As many passings as a batch has members, one after the other.</summary>
    public static void Pass(string name, int count)
    {
        for (var i = 0; i < count; i++)
            Pass(name);
    }

    public static void Pass(string name)
    {
        if (Armed is not null && string.Equals(Armed, name, StringComparison.Ordinal) && Interlocked.Decrement(ref s_left) == 0)
            Process.GetCurrentProcess().Kill();
    }
}
