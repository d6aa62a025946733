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

    private static readonly string? Armed;
    private static int s_left;

    static FailPoint()
    {
        var setting = Environment.GetEnvironmentVariable("ORCHESTRATOR_FAIL_POINT")?.Split(':');
        if (setting is not [var name, var count] || !int.TryParse(count, out s_left))
            return;
        Armed = name;
    }

    public static void Pass(string name)
    {
        if (Armed is not null && string.Equals(Armed, name, StringComparison.Ordinal) && Interlocked.Decrement(ref s_left) == 0)
            Process.GetCurrentProcess().Kill();
    }
}
