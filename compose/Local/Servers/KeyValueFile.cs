namespace Orchestrator.Local.Servers;

/// <summary>A file of <c>KEY=value</c> lines that only its owner can read.</summary>
internal static class KeyValueFile
{
    public static Dictionary<string, string> Read(string file) => !File.Exists(file)
        ? new Dictionary<string, string>(StringComparer.Ordinal)
        : File.ReadLines(file)
            .Select(line => line.Split('=', 2))
            .Where(parts => parts.Length == 2)
            .ToDictionary(parts => parts[0], parts => parts[1], StringComparer.Ordinal);

    /// <summary>Replaces the file in one step: a reader sees the old content or the new, never a part.</summary>
    public static void Write(string file, IEnumerable<KeyValuePair<string, string>> values)
    {
        var next = file + ".next";
        PrivateFile.Write(next, string.Concat(values.Select(pair => $"{pair.Key}={pair.Value}\n")));
        File.Move(next, file, overwrite: true);
    }
}
