using System.Globalization;
using System.Text;
using Orchestrator.Local.Servers;

namespace Orchestrator.Tests.Clones;

/// <summary>Processes of this machine, as <c>/proc</c> shows them.</summary>
internal static class Proc
{
    /// <summary>Processes with all these words among their arguments.</summary>
    public static IReadOnlyList<int> WithArguments(params string[] words) =>
        [.. Pids().Where(pid => words.All(word => Arguments(pid).Any(argument => argument.Contains(word, StringComparison.Ordinal))))];

    /// <summary>Processes that carry the mark of a storage of clones.</summary>
    public static IReadOnlyList<int> Marked(Guid storageId) =>
        [.. Pids().Where(pid => Read(pid, "environ").Split('\0').Contains($"ORCHESTRATOR_CLONES={storageId:N}", StringComparer.Ordinal))];

    /// <summary>Kills the postmaster below a child of ours whose arguments hold a word.</summary>
    public static void KillChildrenOf(int parent, string word)
    {
        var monitor = Assert.Single(Pids(), pid => ParentOf(pid) == parent && Arguments(pid).Any(argument => argument.Contains(word, StringComparison.Ordinal)));
        var pids = Pids();
        var init = pids.Where(pid => ParentOf(pid) == monitor).ToList();
        var postmaster = init.Count > 0 ? Assert.Single(pids, pid => ParentOf(pid) == init[0]) : monitor;
        Libc.Signal(postmaster, Signal.Kill);
    }

    public static int ParentOf(int pid)
    {
        var stat = Read(pid, "stat");
        // The name in brackets may hold spaces.
        return stat.Length == 0 ? 0 : int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
    }

    private static List<int> Pids() => [.. Directory.EnumerateDirectories("/proc")
        .Select(directory => int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
        .Where(pid => pid > 0)];

    private static string[] Arguments(int pid) => Read(pid, "cmdline").Split('\0');

    private static string Read(int pid, string file)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{pid}/{file}"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
