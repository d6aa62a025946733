namespace Orchestrator.Workers.Runtimes;

/// <summary>Who starts containers, and where: the names by which a later worker finds what this one left.</summary>
public sealed class RuntimeIdentity
{
    private static readonly char[] Separators = ['/'];

    public RuntimeIdentity()
    {
        Machine = CurrentMachine();
        var self = ProcessHandle.Current();
        Owner = $"{Machine}/{self}";
    }

    /// <summary>As another process of this machine.</summary>
    internal RuntimeIdentity(ProcessHandle owner)
    {
        Machine = CurrentMachine();
        Owner = $"{Machine}/{owner}";
    }

    /// <summary>
    /// This boot of this machine, and the process namespace in it: within it a process id means one process. Process handles of
    /// another machine mean nothing here.
    /// </summary>
    public string Machine { get; }

    /// <summary>This process: <c>machine/pid:starttime</c>.</summary>
    public string Owner { get; }

    /// <summary>Whether the process that an <see cref="Owner"/> names is alive. One of another machine is not; nor is garbage.</summary>
    public bool IsAlive(string owner)
    {
        ArgumentNullException.ThrowIfNull(owner);
        var parts = owner.Split(Separators, 2);
        return parts.Length == 2 && parts[0] == Machine && ProcessHandle.TryParse(parts[1], out var handle) && handle.IsAlive();
    }

    private static string CurrentMachine()
    {
        var boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        var processes = new FileInfo("/proc/self/ns/pid").LinkTarget ?? "";
        return $"{boot}.{string.Concat(processes.Where(char.IsAsciiDigit))}";
    }
}
