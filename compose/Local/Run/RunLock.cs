namespace Orchestrator.Local.Run;

/// <summary>One <c>./run</c> per checkout: a lock that the kernel releases when the process ends, however it ends.</summary>
internal sealed class RunLock : IDisposable
{
    private readonly FileStream _held;

    private RunLock(FileStream held) => _held = held;

    /// <exception cref="RunFailedException">Another one is up.</exception>
    public static RunLock Take()
    {
        Directory.CreateDirectory(RunPaths.Directory);
        try
        {
            var held = new FileStream(RunPaths.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            File.WriteAllText(RunPaths.Up, $"Orchestrator is starting already (pid {Environment.ProcessId}).\n");
            return new RunLock(held);
        }
        catch (IOException)
        {
            throw new RunFailedException(File.Exists(RunPaths.Up) ? File.ReadAllText(RunPaths.Up).TrimEnd() : "Orchestrator is up already.");
        }
    }

    public static void Announce(Uri url) =>
        File.WriteAllText(RunPaths.Up, $"Orchestrator is up already: {url} (pid {Environment.ProcessId}; stop it with Ctrl-C there or: kill {Environment.ProcessId})\n");

    public static void Forget() => File.Delete(RunPaths.Up);

    public void Dispose()
    {
        Forget();
        _held.Dispose();
    }
}
