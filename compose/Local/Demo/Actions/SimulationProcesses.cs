using System.Globalization;

namespace Orchestrator.Local.Demo.Actions;

/// <summary>The processes of this machine that belong to a simulation: its id stands in their command line.</summary>
internal static class SimulationProcesses
{
    public static IEnumerable<int> Of(Guid simulation) =>
        from path in Directory.EnumerateDirectories("/proc")
        let name = Path.GetFileName(path)
        where int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _) && CommandLine(path).Contains(simulation.ToString(), StringComparison.Ordinal)
        select int.Parse(name, CultureInfo.InvariantCulture);

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
