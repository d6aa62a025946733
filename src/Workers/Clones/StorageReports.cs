using System.Net;
using Orchestrator.Workers.Clones.Postgres;
using Orchestrator.Workers.Clones.Storage;

namespace Orchestrator.Workers.Clones;

/// <summary>The figures of the storage, and what is wrong with it.</summary>
internal static class StorageReports
{
    private const long MiB = 1 << 20;

    public static StorageReport Of(CloneStorage storage)
    {
        var space = DiskSpace.Of(storage.Layout.Root);
        var chosen = storage.Providers.Chosen;
        return new StorageReport
        {
            StorageId = storage.Id,
            Provider = chosen.Name,
            IsThin = chosen.IsThin,
            FileSystem = space.FileSystem,
            Unavailable = storage.Providers.Unavailable,
            Size = space.Size,
            Free = space.Free,
            Reserve = storage.Options.DiskReserveMiB * MiB,
            Sandbox = storage.Sandbox.Kind switch
            {
                SandboxKind.Root => "root",
                SandboxKind.UserNamespace => "user-namespace",
                _ => "none",
            },
            Ports = storage.Ports.Count,
            FreePorts = storage.Ports.Free,
            Warnings = [.. Warnings(storage, space)],
        };
    }

    private static IEnumerable<StorageWarning> Warnings(CloneStorage storage, DiskSpace space)
    {
        var options = storage.Options;
        if (space.Free < options.DiskReserveMiB * MiB || space.Free < space.Size / 100 * options.DiskWarningPercent)
            yield return new StorageWarning("DISK_SHORT", $"Only {space.Free / MiB} MiB of {space.Size / MiB} MiB are free.");
        if (!storage.Providers.Chosen.IsThin)
        {
            yield return new StorageWarning(
                "PROVIDER_DEGRADED", $"Clones are full copies: {string.Join("; ", storage.Providers.Unavailable.Select(pair => $"{pair.Key}: {pair.Value}"))}.");
        }

        if (storage.Sandbox.Kind is SandboxKind.None)
            yield return new StorageWarning("NO_SANDBOX", "Clones with a superuser are refused: there is no bubblewrap, or it cannot make namespaces here.");
        if (NotKept(storage) is { Length: > 0 } bounds)
            yield return new StorageWarning("BOUNDS_NOT_KEPT", $"{bounds} cannot be kept: this machine gives no cgroups for it.");
        if (!IPAddress.IsLoopback(IPAddress.Parse(options.ListenAddress)))
            yield return new StorageWarning("CLONES_WITHOUT_TLS", $"Clones listen on {options.ListenAddress} without TLS.");
    }

    private static string NotKept(CloneStorage storage)
    {
        var options = storage.Options;
        (string Name, bool IsLost)[] bounds =
        [
            ("Clones:MemoryMiB", options.MemoryMiB > 0 && storage.Cgroups?.LimitsMemory is not true),
            ("Clones:MilliCpus", options.MilliCpus > 0 && storage.Cgroups?.LimitsCpu is not true),
            ("Clones:MaxProcesses", options.MaxProcesses > 0 && storage.Cgroups?.LimitsProcesses is not true),
        ];
        return string.Join(", ", bounds.Where(bound => bound.IsLost).Select(bound => bound.Name));
    }
}
