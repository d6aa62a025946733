using System.Globalization;

namespace Orchestrator.Workers.Instances;

/// <summary>
/// Asks a program whether it can end: SIGUSR2 means "end if you are idle". One that is idle ends, one that works goes on. A
/// program that does not catch the signal would die of it, so it is not asked.
/// </summary>
internal static class RunnerQuestion
{
    /// <summary>SIGUSR2 on Linux.</summary>
    public const int Signal = 12;

    /// <summary>Whether the program of a process catches the signal; false also where it cannot be seen.</summary>
    public static bool IsUnderstoodBy(int? process) => process is { } pid && Family(pid).Any(Catches);

    private static bool Catches(int pid)
    {
        try
        {
            var line = File.ReadLines($"/proc/{pid}/status").FirstOrDefault(text => text.StartsWith("SigCgt:", StringComparison.Ordinal));
            return line is not null
                && ulong.TryParse(line.AsSpan(7).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var caught)
                && (caught & (1UL << (Signal - 1))) != 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // The program, or the one that a sandbox runs for it.
    private static IEnumerable<int> Family(int pid)
    {
        yield return pid;
        foreach (var child in Children(pid))
        {
            foreach (var member in Family(child))
                yield return member;
        }
    }

    private static IEnumerable<int> Children(int pid)
    {
        try
        {
            return [.. File.ReadAllText($"/proc/{pid}/task/{pid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
