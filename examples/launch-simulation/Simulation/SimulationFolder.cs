using System.Text.Json;

namespace Orchestrator.Examples.Simulation;

/// <summary>What a simulation tells about itself once it is up.</summary>
public sealed record SimulationAddress(int Pid, int Port);

/// <summary>
/// The folder of one simulation, which is all that those who control it need to know. The process holds a lock in it for
/// as long as it lives, so there is never a second one, and whether it lives is never a guess.
/// </summary>
public sealed class SimulationFolder(string path)
{
    private readonly string _lock = System.IO.Path.Combine(path, "lock");
    private readonly string _address = System.IO.Path.Combine(path, "address.json");
    private readonly string _group = System.IO.Path.Combine(path, "group");

    public string Path => path;

    public bool Exists => Directory.Exists(path);

    public string Log => System.IO.Path.Combine(path, "log");

    /// <summary>What the simulation belongs to.</summary>
    public string? Group => File.Exists(_group) ? File.ReadAllText(_group) : null;

    /// <summary>Null while the simulation is not up.</summary>
    public SimulationAddress? Address => File.Exists(_address) ? JsonSerializer.Deserialize<SimulationAddress>(File.ReadAllText(_address)) : null;

    public void Create(string group)
    {
        Directory.CreateDirectory(path);
        File.WriteAllText(_group, group);
    }

    /// <summary>Written beside and moved, so that nobody reads a half.</summary>
    public void Tell(SimulationAddress address)
    {
        File.WriteAllText(_address + ".new", JsonSerializer.Serialize(address));
        File.Move(_address + ".new", _address, overwrite: true);
    }

    /// <summary>The lock that the process holds; null when another process holds it, or there is no folder.</summary>
    public FileStream? TryLock()
    {
        try
        {
            return new FileStream(_lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>True while its process lives.</summary>
    public bool IsRunning
    {
        get
        {
            if (!File.Exists(_lock))
                return false;
            using var held = TryLock();
            return held is null && File.Exists(_lock);
        }
    }

    /// <summary>Removes the folder: a simulation that finds its folder gone ends.</summary>
    public void Remove()
    {
        try
        {
            if (Exists)
                Directory.Delete(path, recursive: true);
        }
        catch (IOException)
        {
            // The simulation has just written something; whoever removes looks again.
        }
    }
}
