using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using Orchestrator.Local.Servers;

namespace Orchestrator.Bench.Stand;

/// <summary>What the database can do at most: commits of one row each, by pgbench with 16 clients.</summary>
public static partial class PgBench
{
    private const int Clients = 16;

    /// <summary>Commits per second.</summary>
    /// <exception cref="MeasurementException">pgbench is not there, or failed.</exception>
    public static async Task<double> CommitsPerSecondAsync(Database database, TimeSpan length, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync("CREATE TABLE IF NOT EXISTS bench_row (id bigint GENERATED ALWAYS AS IDENTITY, value int)", cancellationToken);
        var script = Path.Combine(Directory.CreateDirectory(Checkout.RunDirectory("bench")).FullName, "commit.sql");
        await File.WriteAllTextAsync(script, "INSERT INTO bench_row (value) VALUES (1);\n", cancellationToken);
        var target = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var start = new ProcessStartInfo(Program())
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            ArgumentList =
            {
                "-n", "-M", "prepared", "-c", $"{Clients}", "-j", "2", "-T", $"{(int)length.TotalSeconds}", "-f", script,
                "-h", target.Host!, "-p", $"{target.Port}", "-U", target.Username!, target.Database!,
            },
        };
        start.Environment["PGPASSWORD"] = target.Password;
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = await process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        await database.ExecuteAsync("DROP TABLE bench_row", cancellationToken);
        return Rate().Match(output) is { Success: true } rate
            ? double.Parse(rate.Value, CultureInfo.InvariantCulture)
            : throw new MeasurementException($"pgbench failed: {errors}");
    }

    private static string Program()
    {
        var found = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin", "pgbench")).Where(File.Exists).Order().LastOrDefault()
            : null;
        found ??= (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, "pgbench")).FirstOrDefault(File.Exists);
        return found ?? throw new MeasurementException("pgbench is not installed: it comes with postgresql-contrib or postgresql-client.");
    }

    [GeneratedRegex(@"(?<=tps = )[0-9.]+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Rate();
}
