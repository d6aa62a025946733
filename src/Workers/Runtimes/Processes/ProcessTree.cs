using System.Globalization;

namespace Orchestrator.Workers.Runtimes.Processes;

/// <summary>Which processes a launcher has below it.</summary>
internal static class ProcessTree
{
    /// <summary>The program itself: below bubblewrap and its init process, or the launcher that became it.</summary>
    public static int Program(int launcher, bool isWrapped) =>
        isWrapped && FirstChild(launcher) is { } init ? FirstChild(init) ?? init : launcher;

    /// <summary>A process and all below it, the deepest last.</summary>
    public static IEnumerable<int> Below(int pid)
    {
        yield return pid;
        foreach (var child in Children(pid))
        {
            foreach (var below in Below(child))
                yield return below;
        }
    }

    private static int? FirstChild(int pid) => Children(pid) is [var first, ..] ? first : null;

    private static List<int> Children(int pid)
    {
        try
        {
            return [.. File.ReadAllText($"/proc/{pid}/task/{pid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
