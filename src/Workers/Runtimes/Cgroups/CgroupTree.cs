namespace Orchestrator.Workers.Runtimes.Cgroups;

/// <summary>Finds out what of cgroups this machine offers to this process: version 2, version 1, or nothing.</summary>
internal static class CgroupTree
{
    private static readonly string[] Wanted = ["memory", "cpu", "cpuacct", "pids"];
    private static readonly string[] WantedOfV2 = ["memory", "cpu", "pids"];

    /// <param name="parent">Below the mount of each controller; empty means <c>orchestrator</c> below this process's own group.</param>
    public static ICgroups? Find(string parent)
    {
        var mounts = CgroupMount.ReadAll();
        // In the hybrid set-up version 2 is mounted too, but version 1 has the controllers.
        var v1 = V1Parents(mounts, parent);
        if (v1.ContainsKey("memory"))
            return new CgroupsV1(v1);
        if (mounts.FirstOrDefault(mount => mount.IsV2) is { } v2 && V2Parent(v2, parent) is var (directory, controllers))
            return new CgroupsV2(directory, controllers);
        return v1.Count > 0 ? new CgroupsV1(v1) : null;
    }

    private static Dictionary<string, string> V1Parents(IReadOnlyList<CgroupMount> mounts, string parent)
    {
        var parents = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var controller in Wanted)
        {
            if (mounts.FirstOrDefault(mount => mount.Controllers.Contains(controller)) is { } mount
                && Candidates(mount, parent).FirstOrDefault(TryMake) is { } directory)
                parents[controller] = directory;
        }

        return parents;
    }

    private static (string Directory, IReadOnlySet<string> Controllers)? V2Parent(CgroupMount mount, string parent)
    {
        (string Directory, IReadOnlySet<string> Controllers)? best = null;
        foreach (var directory in Candidates(mount, parent))
        {
            if (!TryMake(directory))
                continue;
            // A group with processes of its own passes no controllers on, the root excepted: the last candidate.
            Enable(Path.GetDirectoryName(directory)!);
            Enable(directory);
            var controllers = Words(CgroupFiles.Read(directory, "cgroup.subtree_control")).ToHashSet(StringComparer.Ordinal);
            if (WantedOfV2.All(controllers.Contains))
                return (directory, controllers);
            if (best is null || controllers.Count > best.Value.Controllers.Count)
                best = (directory, controllers);
        }

        return best;
    }

    private static void Enable(string directory)
    {
        foreach (var controller in WantedOfV2)
            CgroupFiles.TryWrite(directory, "cgroup.subtree_control", $"+{controller}");
    }

    private static IEnumerable<string> Candidates(CgroupMount mount, string parent) => parent.Length > 0
        ? [$"{mount.Path}/{parent.Trim('/')}"]
        : ((string[])[$"{mount.OwnGroup}/orchestrator", $"{mount.Path}/orchestrator"]).Distinct(StringComparer.Ordinal);

    // Writable is known only by trying.
    private static bool TryMake(string directory)
    {
        var probe = $"{directory}/probe-{Environment.ProcessId}";
        try
        {
            Directory.CreateDirectory(probe);
            Directory.Delete(probe);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string[] Words(string text) => text.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
}
