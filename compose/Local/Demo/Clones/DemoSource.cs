using Npgsql;
using Orchestrator.Local.Run;
using Orchestrator.Local.Servers;

namespace Orchestrator.Local.Demo.Clones;

/// <summary>A server with a pgbench database, as a team's own would be: live, on a port of its own, gone after the demo.</summary>
internal sealed class DemoSource : IAsyncDisposable
{
    public const string Database = "bench";
    public const int Scale = 20;

    /// <summary>Rows of pgbench_accounts.</summary>
    public const long Accounts = Scale * 100_000L;

    // What "pgbench -i" makes, made by the server itself.
    private static readonly string Fill = $"""
        CREATE TABLE pgbench_branches (bid int NOT NULL PRIMARY KEY, bbalance int, filler char(88)) WITH (fillfactor = 100);
        CREATE TABLE pgbench_tellers (tid int NOT NULL PRIMARY KEY, bid int, tbalance int, filler char(84)) WITH (fillfactor = 100);
        CREATE TABLE pgbench_accounts (aid int NOT NULL, bid int, abalance int, filler char(84)) WITH (fillfactor = 100);
        CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
        INSERT INTO pgbench_branches SELECT bid, 0, '' FROM generate_series(1, {Scale}) bid;
        INSERT INTO pgbench_tellers SELECT tid, (tid - 1) / 10 + 1, 0, '' FROM generate_series(1, {Scale} * 10) tid;
        INSERT INTO pgbench_accounts SELECT aid, (aid - 1) / 100000 + 1, 0, '' FROM generate_series(1, {Accounts}) aid;
        ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid);
        """;

    // As "pgbench -i" ends, too. Otherwise the first to read a row writes a hint into its page, in every clone anew.
    private const string Tidy = "VACUUM (FREEZE, ANALYZE)";

    private readonly string _path;
    private readonly PrivatePostgres _server;

    private DemoSource(string path, PrivatePostgres server) => (_path, _server) = (path, server);

    /// <summary>A libpq URI of a user who may replicate.</summary>
    public string Uri => _server.Uri(Database);

    /// <exception cref="ServerStartException">Postgres is not installed here, or does not start.</exception>
    public static async Task<DemoSource> StartAsync(CancellationToken cancellationToken)
    {
        var path = Checkout.RunDirectory("demo-source");
        PrivatePostgres.Delete(path);
        var server = new PrivatePostgres(path, RunPaths.Log("demo-source"), new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["shared_buffers"] = "64MB",
            ["max_connections"] = "20",
            // Made for a moment: what it loses in a crash is made again.
            ["synchronous_commit"] = "off",
        });
        var source = new DemoSource(path, server);
        try
        {
            await server.StartAsync(cancellationToken);
            await server.CreateDatabaseAsync(Database, cancellationToken);
            await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server.ConnectionString(Database)) { Pooling = false }.ConnectionString);
            await connection.OpenAsync(cancellationToken);
            foreach (var statements in (string[])[Fill, Tidy])
            {
                await using var command = new NpgsqlCommand(statements, connection) { CommandTimeout = 300 };
                await command.ExecuteNonQueryAsync(cancellationToken);
            }

            return source;
        }
        catch
        {
            await source.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        PrivatePostgres.Delete(_path);
    }
}
