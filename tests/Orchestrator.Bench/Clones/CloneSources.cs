using Npgsql;
using Orchestrator.Bench.Reports;
using Orchestrator.Local.Servers;

namespace Orchestrator.Bench.Clones;

/// <summary>Two live servers that differ only in the size of their database.</summary>
public sealed class CloneSources : IAsyncDisposable
{
    public const string Database = "app";

    private const int RowsOfMegabyte = 940;

    private CloneSources(PrivatePostgres small, PrivatePostgres large) => (Small, Large) = (small, large);

    public PrivatePostgres Small { get; }

    public PrivatePostgres Large { get; }

    /// <param name="megabytes">The size of the large one; the small one has three tenths of it.</param>
    /// <param name="cancellationToken">Ends the filling.</param>
    public static async Task<CloneSources> StartAsync(int megabytes, CancellationToken cancellationToken)
    {
        Clear();
        var sources = new CloneSources(new PrivatePostgres(DirectoryOf("small")), new PrivatePostgres(DirectoryOf("large")));
        try
        {
            await FillAsync(sources.Small, RowsOf(SmallOf(megabytes)), cancellationToken);
            await FillAsync(sources.Large, RowsOf(megabytes), cancellationToken);
            Report.Say($"two live servers, {SmallOf(megabytes)} MB and {megabytes} MB");
            return sources;
        }
        catch
        {
            await sources.DisposeAsync();
            throw;
        }
    }

    /// <summary>The size of the small one.</summary>
    public static int SmallOf(int megabytes) => Math.Max(10, megabytes * 3 / 10);

    /// <summary>So many rows of 1 kB, with their key, take a size.</summary>
    public static int RowsOf(int megabytes) => megabytes * RowsOfMegabyte;

    /// <summary>The statements that make so many rows.</summary>
    public static string[] Fill(int rows) =>
    [
        "CREATE TABLE item (id int, note text)",
        $"INSERT INTO item SELECT n, repeat(md5(n::text), 31) FROM generate_series(1, {rows}) n",
        "ALTER TABLE item ADD PRIMARY KEY (id)",
        "VACUUM (FREEZE, ANALYZE) item",
        "CHECKPOINT",
    ];

    public static async Task ExecuteAsync(PrivatePostgres server, string database, string sql, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server.ConnectionString(database)) { Pooling = false, CommandTimeout = 0 }.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await Small.DisposeAsync();
        await Large.DisposeAsync();
        Clear();
    }

    private static async Task FillAsync(PrivatePostgres server, int rows, CancellationToken cancellationToken)
    {
        await server.StartAsync(cancellationToken);
        await server.CreateDatabaseAsync(Database, cancellationToken);
        foreach (var statement in Fill(rows))
            await ExecuteAsync(server, Database, statement, cancellationToken);
    }

    private static string DirectoryOf(string name) => Checkout.RunDirectory("bench", $"clones-{name}");

    private static void Clear()
    {
        foreach (var name in (string[])["small", "large"])
        {
            if (Directory.Exists(DirectoryOf(name)))
                PrivatePostgres.Delete(DirectoryOf(name));
        }
    }
}
