namespace Orchestrator.Workers.Runtimes.Cgroups;

/// <summary>A mounted tree of cgroups.</summary>
/// <param name="Path">Where it is mounted.</param>
/// <param name="OwnGroup">This process's own group in it.</param>
/// <param name="IsV2">Whether it is the one tree of version 2.</param>
/// <param name="Controllers">Empty for version 2.</param>
internal sealed record CgroupMount(string Path, string OwnGroup, bool IsV2, IReadOnlySet<string> Controllers)
{
    public static IReadOnlyList<CgroupMount> ReadAll() => Parse(CgroupFiles.Read("/proc/self", "mountinfo"), CgroupFiles.Read("/proc/self", "cgroup"));

    /// <param name="mounts">The text of <c>/proc/self/mountinfo</c>.</param>
    /// <param name="groups">The text of <c>/proc/self/cgroup</c>.</param>
    public static IReadOnlyList<CgroupMount> Parse(string mounts, string groups)
    {
        var own = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in groups.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // id:controllers:path; version 2 has no controllers here.
            if (line.Split(':', 3) is [_, var controllers, var path])
            {
                foreach (var controller in controllers.Split(','))
                    own[controller] = path;
            }
        }

        var found = new List<CgroupMount>();
        foreach (var line in mounts.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // id parent device root path options ... - type source super-options
            var fields = line.Split(' ');
            var dash = Array.IndexOf(fields, "-");
            if (dash < 5 || dash + 3 >= fields.Length || fields[dash + 1] is not ("cgroup" or "cgroup2"))
                continue;
            var isV2 = fields[dash + 1] == "cgroup2";
            var controllers = isV2 ? [] : fields[dash + 3].Split(',').Where(own.ContainsKey).ToHashSet(StringComparer.Ordinal);
            if (isV2 || controllers.Count > 0)
                found.Add(new CgroupMount(fields[4], Below(fields[4], fields[3], own.GetValueOrDefault(isV2 ? "" : controllers.First(), "/")), isV2, controllers));
        }

        return found;
    }

    // The mount may show only a part of the tree, as in a container.
    private static string Below(string mount, string root, string group)
    {
        if (root != "/" && group.StartsWith(root, StringComparison.Ordinal))
            group = group[root.Length..];
        return group is "/" or "" || group.Contains("..", StringComparison.Ordinal) ? mount : $"{mount}{group}";
    }
}
