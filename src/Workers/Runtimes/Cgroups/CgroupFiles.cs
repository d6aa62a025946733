using System.Globalization;

namespace Orchestrator.Workers.Runtimes.Cgroups;

/// <summary>Reading and writing the small files of a cgroup.</summary>
internal static class CgroupFiles
{
    public static void Write(string directory, string file, string value) => File.WriteAllText($"{directory}/{file}", value);

    public static bool TryWrite(string directory, string file, string value)
    {
        try
        {
            Write(directory, file, value);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>The text; empty when there is no such file.</summary>
    public static string Read(string directory, string file)
    {
        try
        {
            return File.ReadAllText($"{directory}/{file}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    public static long ReadNumber(string directory, string file) =>
        long.TryParse(Read(directory, file), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>The number after a key in a file of <c>key number</c> lines; 0 without it.</summary>
    public static long ReadField(string directory, string file, string key)
    {
        foreach (var line in Read(directory, file).Split('\n'))
        {
            if (line.Length > key.Length && line[key.Length] == ' ' && line.StartsWith(key, StringComparison.Ordinal)
                && long.TryParse(line.AsSpan(key.Length + 1), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number))
                return number;
        }

        return 0;
    }

    /// <summary>Sends SIGKILL to each process in it; false when there is none.</summary>
    public static bool KillEach(string directory)
    {
        var any = false;
        foreach (var line in Read(directory, "cgroup.procs").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            any = true;
            // 0 stands for a process of another namespace, and would mean our own group.
            if (int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && pid > 0)
                Libc.Signal(pid, Libc.SigKill);
        }

        return any;
    }

    public static bool TryRemove(string directory)
    {
        try
        {
            if (Directory.Exists(directory))
                Directory.Delete(directory);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
