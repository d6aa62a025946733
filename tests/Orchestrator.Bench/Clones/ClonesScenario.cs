using System.Diagnostics;
using System.Text.Json.Nodes;
using Orchestrator.Bench.Reports;
using Orchestrator.Bench.Stand;
using Orchestrator.Local.Servers;

namespace Orchestrator.Bench.Clones;

/// <summary>
/// From the request of a clone, by HTTP, to the answer of its first query, at two sizes of database, on each provider; beside
/// what one would do without: a full copy, and a database from a template.
/// </summary>
public sealed class ClonesScenario(TestStand stand, BenchOptions options, Report report)
{
    private const double GrowthGate = 1.3;
    private const double Aim = 100;
    private const int AtOnce = 20;
    private const int Templates = 5;

    private static readonly (string Provider, string FileSystem)[] Providers =
        [("overlay", "xfs"), ("btrfs", "btrfs"), ("reflink", "xfs"), ("copy", "ext4")];

    private readonly List<Row> _rows = [];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using (var sources = await CloneSources.StartAsync(options.CloneMegabytes, cancellationToken))
        {
            foreach (var (provider, fileSystem) in Providers)
            {
                _rows.Add(await MeasureAsync(provider, fileSystem, sources, cancellationToken));
                Report.Say($"{_rows[^1].Name}: {_rows[^1].Small:0} and {_rows[^1].Large:0} ms");
            }

            foreach (var strategy in (string[])["file_copy", "wal_log"])
            {
                _rows.Add(new Row(
                    $"CREATE DATABASE … TEMPLATE, {strategy}",
                    await TemplateAsync(sources.Small, strategy, cancellationToken), await TemplateAsync(sources.Large, strategy, cancellationToken)));
            }
        }

        if (await CloningPostgres.MeasureAsync(options.CloneMegabytes, cancellationToken) is { } cloning)
            _rows.Add(cloning);
        report.Add("clones", Render(), Figures(), [.. _rows.SelectMany(Gates)]);
    }

    private async Task<Row> MeasureAsync(string provider, string fileSystem, CloneSources sources, CancellationToken cancellationToken)
    {
        await using var disk = await CloneDisk.CreateAsync(fileSystem, provider);
        await using var clones = await CloneStand.StartAsync(stand, disk.Path, provider, cancellationToken);
        var small = await clones.TakeAsync(sources.Small.Uri(CloneSources.Database), cancellationToken);
        var large = await clones.TakeAsync(sources.Large.Uri(CloneSources.Database), cancellationToken);
        await disk.UsedAsync();
        var (atSmall, atLarge, resets) = (new List<double>(), new List<double>(), new List<double>());
        // The first of each warms up.
        for (var round = -1; round < options.Clones; round++)
        {
            var (first, second) = (await clones.MeasureAsync(small, cancellationToken), await clones.MeasureAsync(large, cancellationToken));
            if (round < 0)
                continue;
            atSmall.Add(first.Create);
            atLarge.Add(second.Create);
            resets.Add(second.Reset);
        }

        var isThin = provider is not "copy";
        return new Row($"{provider} on {fileSystem}", atSmall.Median(), atLarge.Median())
        {
            Provider = provider,
            Reset = resets.Median(),
            SmallBytes = await BytesAsync(clones, disk, small, cancellationToken),
            LargeBytes = await BytesAsync(clones, disk, large, cancellationToken),
            // Full copies of that number would not fit.
            ManySeconds = isThin ? await AtOnceAsync(clones, large, cancellationToken) : null,
        };
    }

    private static async Task<long> BytesAsync(CloneStand clones, CloneDisk disk, string snapshot, CancellationToken cancellationToken)
    {
        var before = await disk.UsedAsync();
        var clone = await clones.CreateAsync(snapshot, cancellationToken);
        await CloneStand.AskAsync(clone, cancellationToken);
        var taken = await disk.UsedAsync() - before;
        await clones.DeleteAsync(clone, cancellationToken);
        return taken;
    }

    private static async Task<double> AtOnceAsync(CloneStand clones, string snapshot, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var made = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            var clone = await clones.CreateAsync(snapshot, cancellationToken);
            await CloneStand.AskAsync(clone, cancellationToken);
            return clone;
        }));
        var took = Stopwatch.GetElapsedTime(start).TotalSeconds;
        await Task.WhenAll(made.Select(clone => clones.DeleteAsync(clone, cancellationToken)));
        return took;
    }

    private static async Task<double> TemplateAsync(PrivatePostgres server, string strategy, CancellationToken cancellationToken)
    {
        var times = new List<double>();
        for (var round = 0; round < Templates; round++)
        {
            var start = Stopwatch.GetTimestamp();
            await CloneSources.ExecuteAsync(server, "postgres", $"CREATE DATABASE twin TEMPLATE {CloneSources.Database} STRATEGY {strategy}", cancellationToken);
            await CloneSources.ExecuteAsync(server, "twin", "SELECT note FROM item WHERE id = 4711", cancellationToken);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            await CloneSources.ExecuteAsync(server, "postgres", "DROP DATABASE twin", cancellationToken);
        }

        return times.Median();
    }

    private Table Render()
    {
        var (small, large) = (CloneSources.SmallOf(options.CloneMegabytes), options.CloneMegabytes);
        var table = new Table(
            $"Clones, median of {options.Clones}, ms", $"{small} MB", $"{large} MB", "ratio", "plain copy : this", "reset", $"MB each, of {small}", $"MB each, of {large}", $"{AtOnce} at once, s");
        var copy = _rows.First(row => row.Provider is "copy").Large;
        foreach (var row in _rows)
        {
            table.Add(
                row.Name, $"{row.Small:0}", $"{row.Large:0}", $"{row.Growth:0.00}", $"{copy / row.Large:0.0}", row.Reset is { } reset ? $"{reset:0}" : "-",
                Megabytes(row.SmallBytes), Megabytes(row.LargeBytes), row.ManySeconds is { } many ? $"{many:0.0}" : "-");
        }

        return table;

        static string Megabytes(long? bytes) => bytes is { } known ? $"{known / 1e6:0.0}" : "-";
    }

    private JsonObject Figures()
    {
        var figures = new JsonObject();
        foreach (var row in _rows)
        {
            figures[row.Name] = new JsonObject
            {
                ["smallMs"] = row.Small,
                ["largeMs"] = row.Large,
                ["resetMs"] = row.Reset,
                ["smallBytes"] = row.SmallBytes,
                ["largeBytes"] = row.LargeBytes,
                ["manySeconds"] = row.ManySeconds,
            };
        }

        return figures;
    }

    private static IEnumerable<Gate> Gates(Row row)
    {
        if (row.Provider is null or "copy")
            yield break;
        yield return new Gate($"{row.Name}: large : small", row.Growth, GrowthGate, IsUpper: true, IsGate: true);
        yield return new Gate($"{row.Name}: ms until the first answer", row.Large, Aim, IsUpper: true, IsGate: false);
        yield return new Gate($"{row.Name}: reset : create", row.Reset!.Value / row.Large, GrowthGate, IsUpper: true, IsGate: false);
    }

    /// <summary>One way to a database of one's own; times in milliseconds.</summary>
    internal sealed record Row(string Name, double Small, double Large)
    {
        /// <summary>Null for what is no clone of ours.</summary>
        public string? Provider { get; init; }

        public double? Reset { get; init; }

        public long? SmallBytes { get; init; }

        public long? LargeBytes { get; init; }

        /// <summary>Until the last of many had answered.</summary>
        public double? ManySeconds { get; init; }

        public double Growth => Large / Small;
    }
}
