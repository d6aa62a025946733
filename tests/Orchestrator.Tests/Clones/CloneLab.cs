using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Orchestrator.Local.Servers;
using Orchestrator.Workers.Clones;
using Orchestrator.Workers.Clones.Storage;

namespace Orchestrator.Tests.Clones;

/// <summary>The hosts of clones and snapshots of one storage directory, in this process.</summary>
internal sealed class CloneLab : IAsyncDisposable
{
    public const string Password = "a-long-secret-of-the-user";

    private CloneLab(CloneHostOptions options)
    {
        Options = options;
        Storage = new CloneStorage(Microsoft.Extensions.Options.Options.Create(options), NullLogger<CloneStorage>.Instance);
        Host = new CloneHost(Storage, NullLogger<CloneHost>.Instance);
        Snapshots = new SnapshotHost(Storage, Host, TimeProvider.System, NullLogger<SnapshotHost>.Instance);
    }

    public CloneHostOptions Options { get; }

    public CloneStorage Storage { get; }

    public CloneHost Host { get; }

    public SnapshotHost Snapshots { get; }

    public StorageContents Contents { get; private set; } = null!;

    public static async Task<CloneLab> OpenAsync(CloneHostOptions options)
    {
        var lab = new CloneLab(options);
        try
        {
            lab.Contents = await lab.Host.OpenAsync(TestContext.Current.CancellationToken);
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>Settings with a range of ports that nobody listens on.</summary>
    public static CloneHostOptions OptionsFor(string directory, string provider, int ports = 20)
    {
        var from = Enumerable.Range(0, 1000).Select(_ => FreePort.Next()).First(port => Enumerable.Range(port, ports).All(FreePort.IsFree));
        return new CloneHostOptions
        {
            Directory = directory,
            Provider = provider,
            PortFrom = from,
            PortTo = from + ports - 1,
            DumpRoot = Path.Combine(directory, "dumps"),
            DiskReserveMiB = 0,
        };
    }

    /// <summary>A snapshot of what some SQL makes.</summary>
    public async Task<SnapshotReport> SnapshotOfSqlAsync(string sql, string database = "app")
    {
        Directory.CreateDirectory(Options.DumpRoot);
        var name = $"{Guid.CreateVersion7():N}.sql";
        await File.WriteAllTextAsync(Path.Combine(Options.DumpRoot, name), sql, TestContext.Current.CancellationToken);
        return await Snapshots.TakeAsync(
            new SnapshotSpec { SnapshotId = Guid.CreateVersion7(), Dump = new DumpSource(name, database) }, TestContext.Current.CancellationToken);
    }

    /// <summary>A clone for user <c>alice</c>, who is its superuser.</summary>
    public Task<CloneReport> CloneAsync(Guid snapshotId, Func<CloneSpec, CloneSpec>? change = null)
    {
        var spec = new CloneSpec { CloneId = Guid.CreateVersion7(), SnapshotId = snapshotId, UserName = "alice", Verifier = Scram.Verifier(Password), Database = "app" };
        return Host.CreateAsync(change is null ? spec : change(spec), TestContext.Current.CancellationToken);
    }

    public static string ConnectionString(CloneReport clone, string user = "alice", string database = "app", string password = Password) =>
        new NpgsqlConnectionStringBuilder
        {
            Host = clone.Host,
            Port = clone.Port,
            Username = user,
            Password = password,
            Database = database,
            Pooling = false,
            Timeout = 15,
            CommandTimeout = 60,
        }.ConnectionString;

    /// <summary>The first column of the first row, as the clone's user.</summary>
    public static async Task<T> AskAsync<T>(CloneReport clone, string sql, string user = "alice", string database = "app", string password = Password)
    {
        await using var connection = new NpgsqlConnection(ConnectionString(clone, user, database, password));
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }

    public static async Task RunAsync(CloneReport clone, string sql, string user = "alice", string database = "app")
    {
        await using var connection = new NpgsqlConnection(ConnectionString(clone, user, database));
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}
