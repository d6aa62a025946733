using System.Globalization;

namespace Orchestrator.Bench.Stand;

/// <summary>Processor time of a process and of all its children, living and ended, from <c>/proc</c>.</summary>
public static class ProcessCpu
{
    private const double TicksPerSecond = 100;

    /// <summary>Seconds so far.</summary>
    public static double Of(int pid)
    {
        var fields = Read(pid);
        if (fields is null)
            return 0;
        var own = Seconds(fields, 13) + Seconds(fields, 14);
        var ended = Seconds(fields, 15) + Seconds(fields, 16);
        return own + ended + Children(pid).Sum(Of);
    }

    /// <summary>Seconds so far of a process without its children.</summary>
    public static double Alone(int pid) => Read(pid) is { } fields ? Seconds(fields, 13) + Seconds(fields, 14) : 0;

    /// <summary>Seconds so far of this process, without its children.</summary>
    public static double Own() => Environment.CpuUsage.TotalTime.TotalSeconds;

    // A child belongs to the thread that started it.
    private static IEnumerable<int> Children(int pid)
    {
        try
        {
            return [.. Directory.EnumerateDirectories($"/proc/{pid}/task")
                .SelectMany(thread => File.ReadAllText($"{thread}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(int.Parse)];
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static string[]? Read(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            // The second field is the name in brackets and may hold spaces.
            return [.. new string[2], .. text[(text.LastIndexOf(')') + 2)..].Split(' ')];
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static double Seconds(string[] fields, int index) => long.Parse(fields[index], CultureInfo.InvariantCulture) / TicksPerSecond;
}
