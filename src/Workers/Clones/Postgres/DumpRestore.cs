using Npgsql;
using Orchestrator.Workers.Clones.Storage;

namespace Orchestrator.Workers.Clones.Postgres;

/// <summary>Restores a dump into a new cluster: by <c>pg_restore</c>, or by <c>psql</c> where it is SQL.</summary>
internal sealed class DumpRestore(CloneStorage storage)
{
    private const string Inside = "/clone/dump";
    private const int SocketPort = 5432;
    private const int HeadLength = 512;
    private static readonly TimeSpan StopGrace = TimeSpan.FromMinutes(2);

    // Roles are not in a dump of one database, and those of pg_dumpall may be there already: neither spoils the data.
    private static readonly string[] Forgiven = [PostgresErrorCodes.UndefinedObject, PostgresErrorCodes.DuplicateObject, PostgresErrorCodes.DuplicateDatabase];

    /// <summary>Fills <c>data</c> of a directory.</summary>
    /// <exception cref="CloneFailedException">There is no such dump, or it cannot be restored.</exception>
    public async Task<GoldenSource> FillAsync(DumpSource dump, string directory, CancellationToken cancellationToken)
    {
        var file = Locate(dump.Path);
        var binaries = storage.Binaries.Count > 0 ? storage.Binaries[0] : storage.BinariesFor(0);
        using var room = storage.Reserve(GoldenImage.Room + (2 * SizeOf(file)));
        var data = GoldenImage.DataOf(directory);
        await storage.Providers.Chosen.CreateEmptyAsync(data, cancellationToken);
        storage.Sandbox.Own(data);
        var server = GoldenImage.ServerOf(storage, directory, binaries);
        server.WriteFiles([], isPreparing: true);
        await RequireAsync(
            server, [binaries.Program("initdb"), "-D", server.PathOf(data), "-U", PostgresFiles.AdminRole, "--auth=reject", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"], [], cancellationToken);
        await using var process = await server.StartAsync("", SocketPort);
        await process.UntilReadyAsync(storage.Options.StartTimeout, cancellationToken);
        if (dump.Database is not "postgres")
            await CreateDatabaseAsync(server, dump.Database, cancellationToken);
        // The programs that read it may not read what is its owner's alone, as pg_dump makes directories.
        var copy = Path.Combine(directory, "dump");
        await Command.RequireAsync(["cp", "-RP", "--reflink=auto", "--", file, copy], cancellationToken);
        if (storage.Sandbox.Uid is { } uid)
            await Command.RequireAsync(["chown", "-R", uid.ToString(System.Globalization.CultureInfo.InvariantCulture), "--", copy], cancellationToken);
        await RestoreAsync(server, copy, dump.Database, cancellationToken);
        await Command.RequireAsync(["rm", "-rf", "--", copy], cancellationToken);
        // Rows that were never looked at are marked when they are first read: each clone would write the whole table again.
        await RequireAsync(
            server, [binaries.Program("vacuumdb"), "-h", server.PathOf(server.Sockets), "-p", "5432", "-U", PostgresFiles.AdminRole, "--all", "--freeze", "--analyze", "--quiet"], [], cancellationToken);
        if (!await process.StopAsync(StopGrace))
            throw new CloneFailedException(CloneFailure.PostgresFailed, "Postgres did not stop in time after the restore.");
        return new GoldenSource(binaries, new DateTimeOffset(File.GetLastWriteTimeUtc(file), TimeSpan.Zero), new Dictionary<string, string>(StringComparer.Ordinal));
    }

    /// <summary>The real path of a dump, which must lie below the root, links followed.</summary>
    private string Locate(string path)
    {
        var root = storage.Options.DumpRoot;
        if (root.Length == 0)
            throw new CloneFailedException(CloneFailure.DumpFailed, "Dumps are not restored here.", "Set Clones:DumpRoot.");
        var real = path.Contains('\0', StringComparison.Ordinal) ? null : RealPath.Of(Path.Combine(root, path));
        if (real is null || !real.StartsWith(RealPath.Of(root) + "/", StringComparison.Ordinal))
            throw new CloneFailedException(CloneFailure.DumpFailed, "There is no such dump below Clones:DumpRoot.");
        return real;
    }

    private static long SizeOf(string file) => Directory.Exists(file)
        ? new DirectoryInfo(file).EnumerateFiles().Sum(part => part.Length)
        : new FileInfo(file).Length;

    private static async Task CreateDatabaseAsync(CloneServer server, string database, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await AdminConnection.OpenAsync(server.Sockets, SocketPort, "postgres", cancellationToken);
            await connection.ExecuteAsync($"CREATE DATABASE {AdminConnection.Identifier(database)} TEMPLATE template0", cancellationToken);
        }
        catch (PostgresException exception)
        {
            throw new CloneFailedException(CloneFailure.BadRequest, $"The database cannot be created: {exception.MessageText}");
        }
    }

    private async Task RestoreAsync(CloneServer server, string file, string database, CancellationToken cancellationToken)
    {
        var bind = new Bind(file, Inside, IsReadOnly: true);
        var inside = storage.Sandbox.PathOf(bind);
        string[] connection = ["-h", server.PathOf(server.Sockets), "-p", "5432", "-U", PostgresFiles.AdminRole];
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["PGDATABASE"] = database };
        var format = await FormatOfAsync(file, cancellationToken);
        if (format is DumpFormat.Archive)
        {
            await RequireAsync(
                server, [server.Binaries.Program("pg_restore"), .. connection, "-d", Conninfo(database), "--no-owner", "--no-privileges", "--exit-on-error", inside], [bind], cancellationToken);
            return;
        }

        string[] psql = [server.Binaries.Program("psql"), .. connection, "-X", "-q", "-v", "VERBOSITY=sqlstate", "-d", Conninfo(database)];
        var result = format is DumpFormat.GzippedSql
            ? await server.RunAsync(["sh", "-c", "gzip -dc -- \"$0\" | \"$@\" >/dev/null", inside, .. psql, "-f", "-"], cancellationToken, environment: environment, more: [bind])
            : await server.RunAsync(["sh", "-c", "\"$@\" >/dev/null", "psql", .. psql, "-f", inside], cancellationToken, environment: environment, more: [bind]);
        var problem = result.Error.Split('\n').FirstOrDefault(IsFault);
        if (problem is not null || !result.Succeeded)
            throw new CloneFailedException(CloneFailure.DumpFailed, $"The dump cannot be restored: {(problem ?? result.LastLine).Trim()}");
    }

    // "psql:/clone/dump:12: ERROR:  42P01"
    private static bool IsFault(string line)
    {
        foreach (var word in (string[])["ERROR:", "FATAL:", "error:"])
        {
            var at = line.IndexOf(word, StringComparison.Ordinal);
            if (at >= 0)
                return !Forgiven.Contains(line[(at + word.Length)..].Trim(), StringComparer.Ordinal);
        }

        return false;
    }

    private static string Conninfo(string database) =>
        $"dbname='{database.Replace("\\", @"\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";

    private static async Task<DumpFormat> FormatOfAsync(string file, CancellationToken cancellationToken)
    {
        if (Directory.Exists(file))
            return DumpFormat.Archive;
        var head = new byte[HeadLength];
        await using var stream = File.OpenRead(file);
        var length = await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken);
        if (head.AsSpan().StartsWith("PGDMP"u8) || (length == HeadLength && head.AsSpan(257).StartsWith("ustar"u8)))
            return DumpFormat.Archive;
        return head[0] == 0x1f && head[1] == 0x8b ? DumpFormat.GzippedSql : DumpFormat.Sql;
    }

    private static async Task RequireAsync(CloneServer server, IReadOnlyList<string> command, IEnumerable<Bind> more, CancellationToken cancellationToken)
    {
        var result = await server.RunAsync(command, cancellationToken, more: more);
        if (!result.Succeeded)
            throw new CloneFailedException(CloneFailure.DumpFailed, $"{Path.GetFileName(command[0])} failed: {result.LastLine}");
    }

    private enum DumpFormat
    {
        Archive,
        Sql,
        GzippedSql,
    }
}
