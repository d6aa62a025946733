using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orchestrator.Workers.Clones;
using Orchestrator.Workers.Clones.Storage;

namespace Orchestrator.Bench.Clones;

/// <summary>
/// The host of clones as a process of its own, which a test can kill: it opens a storage, does one thing, writes what came
/// of it into a file, and stays until it is ended.
/// </summary>
public static class CloneHostProcess
{
    public const string Command = "clone-host";

    /// <param name="file">A <see cref="CloneHostTask"/> as JSON.</param>
    public static async Task<int> RunAsync(string file)
    {
        var task = JsonSerializer.Deserialize<CloneHostTask>(await File.ReadAllTextAsync(file))!;
        await using var storage = new CloneStorage(Options.Create(task.Options), NullLogger<CloneStorage>.Instance);
        await using var host = new CloneHost(storage, NullLogger<CloneHost>.Instance);
        var snapshots = new SnapshotHost(storage, host, TimeProvider.System, NullLogger<SnapshotHost>.Instance);
        var contents = await host.OpenAsync(CancellationToken.None);
        var outcome = new CloneHostOutcome { Found = contents.Clones };
        if (task.Take is { } take)
            outcome = outcome with { Snapshot = await snapshots.TakeAsync(take, CancellationToken.None) };
        if (task.Create is { } create)
            outcome = outcome with { Made = await host.CreateAsync(create, CancellationToken.None) };
        if (task.Reset is { } reset)
            outcome = outcome with { Made = await host.ResetAsync(reset, CancellationToken.None) };
        if (task.Destroy is { } destroy)
            await host.DestroyAsync(destroy, CancellationToken.None);
        if (task.Forget is { } forget)
            await snapshots.DestroyAsync(forget, CancellationToken.None);
        await File.WriteAllTextAsync(task.Outcome + ".next", JsonSerializer.Serialize(outcome));
        File.Move(task.Outcome + ".next", task.Outcome);
        using var end = new SemaphoreSlim(0);
        using var registration = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            end.Release();
        });
        await end.WaitAsync();
        return 0;
    }
}

/// <summary>What to do, in this order.</summary>
public sealed record CloneHostTask
{
    public required CloneHostOptions Options { get; init; }

    /// <summary>Where the <see cref="CloneHostOutcome"/> goes.</summary>
    public required string Outcome { get; init; }

    public SnapshotSpec? Take { get; init; }

    public CloneSpec? Create { get; init; }

    public CloneReset? Reset { get; init; }

    public Guid? Destroy { get; init; }

    public Guid? Forget { get; init; }
}

/// <summary>What came of it.</summary>
public sealed record CloneHostOutcome
{
    /// <summary>The clones that were there when the storage was opened.</summary>
    public required IReadOnlyList<CloneReport> Found { get; init; }

    public CloneReport? Made { get; init; }

    public SnapshotReport? Snapshot { get; init; }
}
