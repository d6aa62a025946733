using System.Globalization;

namespace Orchestrator.Bench.Stand;

/// <summary>Resident memory of a process, from <c>/proc</c>.</summary>
public static class ProcessMemory
{
    public static double MiB(int pid)
    {
        try
        {
            var line = File.ReadLines($"/proc/{pid}/status").First(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
            return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException)
        {
            return 0;
        }
    }
}
