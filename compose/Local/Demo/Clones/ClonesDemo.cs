using System.Globalization;
using System.Text.Json;
using Orchestrator.Local.Run;
using Orchestrator.Local.Servers;

namespace Orchestrator.Local.Demo.Clones;

/// <summary>
/// A live server becomes a snapshot, the snapshot five databases of one's own. One of them is written to, the others and
/// the snapshot do not notice; it is reset, and all is deleted.
/// </summary>
internal sealed class ClonesDemo : IDemoPart
{
    private const int Clones = 5;

    /// <summary>A host tells its disk's figures every two seconds.</summary>
    private static readonly TimeSpan FiguresDelay = TimeSpan.FromSeconds(3);

    public string Title => "Clones of a live Postgres";

    public async Task<bool> RunAsync(RunContext run, CancellationToken cancellationToken)
    {
        var (console, api) = (run.Console, new ClonesClient(run));
        if (await api.StatusWithHostAsync(cancellationToken) is not { } status)
        {
            console.Failure("No worker hosts clones: see the workers' logs.");
            return false;
        }

        var pool = status.GetProperty("pools").EnumerateArray().First(pool => pool.GetProperty("status").GetString() is not "away");
        console.Pair("Provider", $"{pool.GetProperty("mode")} on {pool.GetProperty("fileSystem").GetProperty("type")}: "
            + (pool.GetProperty("thin").GetBoolean() ? "thin, a clone takes what differs" : "full copies"));
        DemoSource? source = null;
        try
        {
            await console.StepAsync(
                $"Filling a live server (pgbench, scale {DemoSource.Scale})", $"A live server with pgbench, scale {DemoSource.Scale}",
                async () => source = await DemoSource.StartAsync(cancellationToken));
            return await RunAsync(api, console, source!, cancellationToken);
        }
        catch (ServerStartException exception)
        {
            console.Failure($"The live server did not start: {exception.Message}");
            return false;
        }
        finally
        {
            if (source is not null)
                await source.DisposeAsync();
        }
    }

    private static async Task<bool> RunAsync(ClonesClient api, RunConsole console, DemoSource source, CancellationToken cancellationToken)
    {
        JsonElement snapshot = default;
        await console.StepAsync("Making a snapshot of it", "A snapshot of it", async () => snapshot = await api.TakeSnapshotAsync(source.Uri, cancellationToken));
        var id = snapshot.GetProperty("id").GetString()!;
        console.Pair("Snapshot", $"{id}, {MiB(snapshot.GetProperty("logicalSize").GetInt64())}");
        var prefix = $"demo-{id[(id.LastIndexOf('_') + 1)..]}";
        var ids = Enumerable.Range(1, Clones).Select(number => $"{prefix}-{number}").ToList();
        try
        {
            var isRight = await UseAsync(api, console, ids, id, cancellationToken);
            await console.StepAsync("Deleting", "All clones and the snapshot deleted", () => DeleteAsync(api, ids, id, CancellationToken.None));
            return isRight;
        }
        catch
        {
            await DeleteAsync(api, ids, id, CancellationToken.None);
            throw;
        }
    }

    private static async Task<bool> UseAsync(ClonesClient api, RunConsole console, List<string> ids, string snapshot, CancellationToken cancellationToken)
    {
        var free = await FreeAsync(api, cancellationToken);
        var clones = await Task.WhenAll(ids.Select(clone => DemoClone.CreateAsync(api, clone, snapshot, cancellationToken)));
        var taken = (free - await FreeAsync(api, cancellationToken)) / Clones;
        foreach (var clone in clones)
        {
            console.Pair(clone.Id, string.Create(
                CultureInfo.InvariantCulture,
                $"ready after {clone.Body.GetProperty("cloningTime").GetDouble() * 1000:0} ms, first answer after {clone.FirstAnswer.TotalMilliseconds:0} ms, {clone.Body.GetProperty("db").GetProperty("connStr")}"));
        }

        console.Pair("Space", $"{MiB(Math.Max(0, taken))} on disk per clone, {Clones} in parallel");
        var before = await FingerprintsAsync(api, clones, cancellationToken);
        await clones[0].WriteAsync(api, cancellationToken);
        var after = await FingerprintsAsync(api, clones, cancellationToken);
        var witness = await DemoClone.CreateAsync(api, $"{ids[0]}-witness", snapshot, cancellationToken);
        ids.Add(witness.Id);
        var fresh = await witness.FingerprintAsync(api, cancellationToken);
        var isRight = Says(console, before.Distinct(StringComparer.Ordinal).Count() == 1, $"All begin alike: {before[0]}")
            & Says(console, after[0] != before[0], $"Written to {ids[0]}: {after[0]}")
            & Says(console, after.Skip(1).SequenceEqual(before.Skip(1), StringComparer.Ordinal), $"The other {Clones - 1} are untouched")
            & Says(console, fresh == before[0], "The snapshot is untouched: a new clone of it is as the first ones were");

        var since = TimeProvider.System.GetTimestamp();
        await api.ResetAsync(ids[0], cancellationToken);
        var took = TimeProvider.System.GetElapsedTime(since);
        var reset = await clones[0].FingerprintAsync(api, cancellationToken);
        return isRight & Says(console, reset == before[0], string.Create(CultureInfo.InvariantCulture, $"{ids[0]} reset in {took.TotalMilliseconds:0} ms: as it was"));
    }

    private static async Task DeleteAsync(ClonesClient api, List<string> ids, string snapshot, CancellationToken cancellationToken)
    {
        await Task.WhenAll(ids.Select(id => api.DeleteAsync($"clone/{id}", cancellationToken)));
        await api.DeleteAsync($"snapshot/{Uri.EscapeDataString(snapshot)}", cancellationToken);
    }

    private static Task<string[]> FingerprintsAsync(ClonesClient api, IEnumerable<DemoClone> clones, CancellationToken cancellationToken) =>
        Task.WhenAll(clones.Select(clone => clone.FingerprintAsync(api, cancellationToken)));

    private static async Task<long> FreeAsync(ClonesClient api, CancellationToken cancellationToken)
    {
        await Task.Delay(FiguresDelay, cancellationToken);
        return (await api.StatusAsync(cancellationToken)).GetProperty("disk").GetProperty("free").GetInt64();
    }

    private static bool Says(RunConsole console, bool isRight, string what)
    {
        if (isRight)
            console.Success(what);
        else
            console.Failure($"Not so: {what}");
        return isRight;
    }

    private static string MiB(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.0} MiB");
}
