using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Orchestrator.Bench.Stand;
using Orchestrator.Local.Servers;

namespace Orchestrator.Bench.Saga;

/// <summary>The mark: one-row commits by 16 clients of Postgres' own benchmark.</summary>
public static class Pgbench
{
    /// <summary>Commits per second.</summary>
    /// <exception cref="MeasurementException">It failed.</exception>
    public static async Task<double> RunAsync(Database database, int seconds, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync("CREATE TABLE IF NOT EXISTS bench_commit (id uuid PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), body bytea)", cancellationToken);
        var script = Path.Combine(Checkout.RunDirectory("bench"), "commit.sql");
        await File.WriteAllTextAsync(script, "INSERT INTO bench_commit (id, body) VALUES (gen_random_uuid(), '\\x0123456789abcdef');\n", cancellationToken);
        var connection = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var start = new ProcessStartInfo(Binaries.Require("pgbench", Binaries.Versions("/usr/lib/postgresql", "*", "bin")))
        {
            ArgumentList = { "-n", "-c", "16", "-j", "2", "-M", "prepared", "-T", $"{seconds}", "-f", script, "-h", connection.Host!, "-p", $"{connection.Port}", "-U", connection.Username!, connection.Database! },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PGPASSWORD"] = connection.Password;
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = await process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        var line = output.Split('\n').FirstOrDefault(l => l.StartsWith("tps = ", StringComparison.Ordinal));
        if (process.ExitCode != 0 || line is null)
            throw new MeasurementException($"pgbench ended with {process.ExitCode}: {error}");
        return double.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture);
    }
}
