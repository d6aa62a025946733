using System.Globalization;
using System.Runtime.InteropServices;

namespace Orchestrator.Workers.Runtimes;

/// <summary>
/// One process, however long ago: its id, and when it started in clock ticks since boot, as the kernel counts them. Written
/// <c>pid:starttime</c>. A process that got the same id later has another start.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ProcessHandle(int Pid, ulong StartTime)
{
    // Field 22 of /proc/PID/stat, the 20th after the name; state is the first after it.
    private const int StartTimeField = 19;

    public static ProcessHandle Current() => Of(Environment.ProcessId) ?? throw new InvalidOperationException("/proc does not show this process.");

    /// <summary>The handle of a process that runs now; null when there is none. A zombie counts as one.</summary>
    public static ProcessHandle? Of(int pid) => Read(pid) is { } stat ? new ProcessHandle(pid, stat.StartTime) : null;

    public static bool TryParse(string? text, out ProcessHandle handle)
    {
        handle = default;
        if (text?.Split(':') is not [var pid, var start]
            || !int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || !ulong.TryParse(start, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
            || number <= 0)
            return false;
        handle = new ProcessHandle(number, ticks);
        return true;
    }

    /// <summary>Whether it still runs. A zombie does not: it holds nothing and runs nothing.</summary>
    public bool IsAlive() => Read(Pid) is { } stat && stat.StartTime == StartTime && stat.State is not ('Z' or 'X');

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Pid}:{StartTime}");

    private static (char State, ulong StartTime)? Read(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            // The name may hold anything, blanks and brackets too; the last bracket ends it.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (fields[0][0], ulong.Parse(fields[StartTimeField], CultureInfo.InvariantCulture));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
