using System.IO.Compression;
using Npgsql;
using Orchestrator.Local.Servers;
using Orchestrator.Workers.Clones;

namespace Orchestrator.Tests.Clones;

[Collection(nameof(CloneYard))]
public sealed class When_a_snapshot_is_taken(CloneYard yard) : IAsyncLifetime
{
    private readonly string _directory = Checkout.RunDirectory("test", $"source-{Guid.CreateVersion7():N}");
    private PrivatePostgres? _source;

    private CloneLab Lab => yard.Lab;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_source is not null)
            await _source.DisposeAsync();
        if (Directory.Exists(_directory))
            PrivatePostgres.Delete(_directory);
    }

    [Fact]
    public async Task Should_copy_a_server_that_is_being_written_to()
    {
        var address = await StartSourceAsync();
        await RunAsync("CREATE TABLE entry (id bigserial PRIMARY KEY, note text)");
        await RunAsync("CREATE ROLE app LOGIN PASSWORD 'inherited-secret'");
        await RunAsync("ALTER SYSTEM SET archive_command = 'touch /tmp/orchestrator-archived'");
        await RunAsync("BEGIN; INSERT INTO entry (note) VALUES ('prepared'); PREPARE TRANSACTION 'left ''open'''");
        using var writing = new CancellationTokenSource();
        var writer = WriteAsync(writing.Token);

        var snapshot = await TakeAsync(new SnapshotSpec { SnapshotId = Guid.CreateVersion7(), Live = address });

        await writing.CancelAsync();
        var written = await writer;
        var clone = await Lab.CloneAsync(snapshot.SnapshotId, spec => spec with { Database = "postgres" });
        Assert.Equal("postgres", Assert.Single(snapshot.Databases));
        var copied = await CloneLab.AskAsync<long>(clone, "SELECT count(*) FROM entry", database: "postgres");
        Assert.InRange(copied, 1, written);
        Assert.Equal(copied, await CloneLab.AskAsync<long>(clone, "SELECT count(*) FROM entry WHERE id <= (SELECT max(id) FROM entry) AND note = 'written'", database: "postgres"));
        Assert.Equal("0 off Europe/Berlin", await CloneLab.AskAsync<string>(
            clone, "SELECT concat_ws(' ', (SELECT count(*) FROM pg_prepared_xacts), current_setting('archive_mode'), current_setting('TimeZone'))", database: "postgres"));
        Assert.Equal(0L, await CloneLab.AskAsync<long>(clone, "SELECT count(*) FROM pg_authid WHERE rolname <> 'alice' AND rolpassword IS NOT NULL", database: "postgres"));
        var wal = Directory.EnumerateFiles(Path.Combine(Lab.Storage.Layout.Data(snapshot.SnapshotId), "pg_wal")).Sum(file => new FileInfo(file).Length);
        Assert.InRange(wal, 1, 32L << 20);
        Assert.Same(snapshot, await TakeAsync(new SnapshotSpec { SnapshotId = snapshot.SnapshotId, Live = address }));
        await RemoveAsync(clone, snapshot);
        await Assert.ThrowsAsync<CloneFailedException>(() => TakeAsync(new SnapshotSpec { SnapshotId = snapshot.SnapshotId, Live = address }));
    }

    [Fact]
    public async Task Should_refuse_what_it_cannot_copy_and_leave_nothing()
    {
        var address = await StartSourceAsync();
        var before = Directory.EnumerateDirectories(Lab.Storage.Layout.Snapshots).Count();

        await RefusedAsync(address with { Password = "wrong" }, CloneFailure.SourceUnavailable);
        await RefusedAsync(address with { Port = FreePort.Next() }, CloneFailure.SourceUnavailable);
        await RefusedAsync(address with { SslMode = "require" }, CloneFailure.SourceUnavailable);
        await RefusedAsync(address with { SslMode = "x' host='elsewhere" }, CloneFailure.BadRequest);
        await RunAsync("CREATE ROLE reader LOGIN PASSWORD 'reads-only'");
        await RefusedAsync(address with { User = "reader", Password = "reads-only" }, CloneFailure.SourceUnavailable);
        var elsewhere = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"orchestrator-tablespace-{Guid.CreateVersion7():N}")).FullName;
        try
        {
            if (SystemUser.Unprivileged("postgres") is { } user)
                Libc.ChangeOwner(elsewhere, user);
            await RunAsync($"CREATE TABLESPACE elsewhere LOCATION '{elsewhere}'");
            await RefusedAsync(address, CloneFailure.HasTablespaces);
        }
        finally
        {
            await RunAsync("DROP TABLESPACE IF EXISTS elsewhere");
            Directory.Delete(elsewhere, recursive: true);
        }

        Assert.Equal(before, Directory.EnumerateDirectories(Lab.Storage.Layout.Snapshots).Count());
        Assert.Empty(Directory.EnumerateFileSystemEntries(Lab.Storage.Layout.New));

        async Task RefusedAsync(LiveSource source, string code)
        {
            var refused = await Assert.ThrowsAsync<CloneFailedException>(() => TakeAsync(new SnapshotSpec { SnapshotId = Guid.CreateVersion7(), Live = source }));
            Assert.Equal(code, refused.Code);
            Assert.DoesNotContain(source.Password, refused.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("gzip")]
    [InlineData("custom")]
    [InlineData("tar")]
    [InlineData("directory")]
    public async Task Should_restore_a_dump_of_any_format(string format)
    {
        var name = $"dump-{Guid.CreateVersion7():N}";
        var path = Path.Combine(Lab.Options.DumpRoot, name);
        var source = await Lab.CloneAsync(yard.Snapshot.SnapshotId);
        var dump = await Workers.Clones.Postgres.Command.RunAsync(
            [Lab.Storage.Binaries[0].Program("pg_dump"), "-h", source.Host, "-p", $"{source.Port}", "-U", "alice", "-F", format is "gzip" ? "plain" : format, "-f", path, "app"],
            TestContext.Current.CancellationToken, environment: new Dictionary<string, string>(StringComparer.Ordinal) { ["PGPASSWORD"] = CloneLab.Password });
        Assert.True(dump.Succeeded, dump.Error);
        if (format is "gzip")
        {
            var text = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
            await using var gzip = new GZipStream(File.Create(path), CompressionLevel.Fastest);
            await gzip.WriteAsync(text, TestContext.Current.CancellationToken);
        }

        var snapshot = await TakeAsync(new SnapshotSpec { SnapshotId = Guid.CreateVersion7(), Dump = new DumpSource(name, "it's \"app\"") });

        var clone = await Lab.CloneAsync(snapshot.SnapshotId, spec => spec with { Database = "it's \"app\"" });
        Assert.Equal(1000L, await CloneLab.AskAsync<long>(clone, "SELECT count(*) FROM thing", database: "it's \"app\""));
        await Lab.Host.DestroyAsync(source.CloneId, TestContext.Current.CancellationToken);
        await RemoveAsync(clone, snapshot);
    }

    [Fact]
    public async Task Should_read_no_file_outside_the_root_of_dumps_and_restore_nothing_by_half()
    {
        var root = Lab.Options.DumpRoot;
        Directory.CreateDirectory(root);
        var outside = Path.Combine(root, "..", "outside.sql");
        await File.WriteAllTextAsync(outside, "SELECT 1;", TestContext.Current.CancellationToken);
        var link = Path.Combine(root, $"link-{Guid.CreateVersion7():N}.sql");
        File.CreateSymbolicLink(link, outside);
        var broken = $"broken-{Guid.CreateVersion7():N}.sql";
        await File.WriteAllTextAsync(Path.Combine(root, broken), "CREATE TABLE a (id int); INSERT INTO nowhere VALUES (1);", TestContext.Current.CancellationToken);

        foreach (var path in (string[])["../outside.sql", outside, Path.GetFileName(link), "/etc/passwd", "", ".", "nothing.sql", "a\0b", broken])
        {
            var refused = await Assert.ThrowsAsync<CloneFailedException>(() => TakeAsync(new SnapshotSpec { SnapshotId = Guid.CreateVersion7(), Dump = new DumpSource(path, "app") }));
            Assert.Equal(CloneFailure.DumpFailed, refused.Code);
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(Lab.Storage.Layout.New));
    }

    [Fact]
    public async Task Should_not_let_a_dump_reach_the_machine()
    {
        var proof = Path.Combine(Path.GetTempPath(), $"orchestrator-escaped-{Guid.CreateVersion7():N}");

        var snapshot = await Lab.SnapshotOfSqlAsync($"""
            \! id > {proof}
            CREATE TABLE seen (line text);
            COPY seen FROM PROGRAM 'id -u; ls /clone | paste -sd"," -';
            """);

        Assert.False(File.Exists(proof));
        var clone = await Lab.CloneAsync(snapshot.SnapshotId);
        if (Lab.Storage.Sandbox.Kind is Workers.Clones.Postgres.SandboxKind.Root)
            Assert.Equal($"{Lab.Options.Uid} conf,data,run", await CloneLab.AskAsync<string>(clone, "SELECT string_agg(line, ' ') FROM seen"));
        await RemoveAsync(clone, snapshot);
    }

    private Task<SnapshotReport> TakeAsync(SnapshotSpec spec) => Lab.Snapshots.TakeAsync(spec, TestContext.Current.CancellationToken);

    private async Task RemoveAsync(CloneReport clone, SnapshotReport snapshot)
    {
        await Lab.Host.DestroyAsync(clone.CloneId, TestContext.Current.CancellationToken);
        await Lab.Snapshots.DestroyAsync(snapshot.SnapshotId, TestContext.Current.CancellationToken);
    }

    private async Task<LiveSource> StartSourceAsync()
    {
        _source = new PrivatePostgres(_directory, settings: new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["max_prepared_transactions"] = "5",
            ["timezone"] = "Europe/Berlin",
            ["archive_mode"] = "on",
            ["archive_command"] = "true",
        });
        await _source.StartAsync(TestContext.Current.CancellationToken);
        var connection = new NpgsqlConnectionStringBuilder(_source.ConnectionString("postgres"));
        return new LiveSource { Host = connection.Host!, Port = connection.Port, User = connection.Username!, Password = connection.Password! };
    }

    private async Task RunAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(_source!.ConnectionString("postgres")) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        foreach (var statement in sql.Split("; "))
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
    }

    private async Task<long> WriteAsync(CancellationToken until)
    {
        await using var connection = new NpgsqlConnection(_source!.ConnectionString("postgres"));
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand("INSERT INTO entry (note) VALUES ('written')", connection);
        for (var written = 0L; ; written++)
        {
            if (until.IsCancellationRequested)
                return written;
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
    }
}
