namespace Orchestrator.Local.Servers;

/// <summary>The end of a log file, for error messages.</summary>
public static class LogTail
{
    public static string Of(string file, int lines = 8) => File.Exists(file)
        ? string.Join('\n', File.ReadLines(file).TakeLast(lines)) + $"\n(log: {file})"
        : $"(no log at {file})";
}
