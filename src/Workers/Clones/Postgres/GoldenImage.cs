using Npgsql;
using Orchestrator.Workers.Clones.Storage;

namespace Orchestrator.Workers.Clones.Postgres;

/// <summary>What is known of data that was just copied.</summary>
/// <param name="Binaries">The programs of its version.</param>
/// <param name="DataStateAt">The state of the source that it holds.</param>
/// <param name="Settings">Parameters of the source that its data means something with.</param>
internal sealed record GoldenSource(PostgresBinaries Binaries, DateTimeOffset DataStateAt, IReadOnlyDictionary<string, string> Settings);

/// <summary>
/// Makes a golden image of a copied data directory: recovered, cleanly stopped, its roles locked, its WAL one segment,
/// without tablespaces and without anything that would make a clone do the original's work.
/// </summary>
internal sealed class GoldenImage(CloneStorage storage)
{
    /// <summary>Bytes that preparing takes beside the copy itself.</summary>
    public const long Room = 64 << 20;

    private const int SocketPort = 5432;
    private static readonly TimeSpan StopGrace = TimeSpan.FromMinutes(2);

    // Each line is a command: single-user mode reads so. It needs no login, so that no role has to be known yet.
    private const string Lock = $"""
        CREATE ROLE {PostgresFiles.AdminRole}
        UPDATE pg_catalog.pg_authid SET rolcanlogin = false, rolpassword = NULL WHERE rolname !~ '^pg_'
        ALTER ROLE {PostgresFiles.AdminRole} SUPERUSER LOGIN INHERIT CREATEDB CREATEROLE REPLICATION BYPASSRLS CONNECTION LIMIT -1 PASSWORD NULL VALID UNTIL 'infinity'
        DELETE FROM pg_catalog.pg_db_role_setting WHERE setrole = (SELECT oid FROM pg_catalog.pg_authid WHERE rolname = '{PostgresFiles.AdminRole}')
        UPDATE pg_catalog.pg_subscription SET subenabled = false, subconninfo = '', subslotname = NULL

        """;

    /// <summary>Where the data lies in the directory of a snapshot.</summary>
    public static string DataOf(string directory) => Path.Combine(directory, "data");

    /// <summary>The server of a directory in which an image is being prepared.</summary>
    public static CloneServer ServerOf(CloneStorage storage, string directory, PostgresBinaries binaries) =>
        new(storage, binaries, directory, DataOf(directory), DataOf(directory), Mount: null);

    /// <summary>Prepares the data in <paramref name="directory"/>; returns the names of its databases.</summary>
    /// <exception cref="CloneFailedException">It is no data directory that can be cloned.</exception>
    public async Task<IReadOnlyList<string>> PrepareAsync(string directory, GoldenSource source, CancellationToken cancellationToken)
    {
        var data = DataOf(directory);
        RemoveWhatIsNotCopied(data);
        var server = ServerOf(storage, directory, source.Binaries);
        var control = await ReadControlAsync(server, cancellationToken);
        // Prepared transactions and replayed changes need as much room as the source had.
        string[] same = ["max_connections", "max_prepared_xacts", "max_locks_per_xact", "max_worker_processes", "max_wal_senders"];
        string[] names = ["max_connections", "max_prepared_transactions", "max_locks_per_transaction", "max_worker_processes", "max_wal_senders"];
        var settings = source.Settings
            .Concat(same.Zip(names, (from, to) => KeyValuePair.Create(to, control.GetValueOrDefault($"{from} setting", "")))
                .Where(pair => pair.Value.Length > 0))
            .ToList();
        server.WriteFiles(settings);
        await LockRolesAsync(server, cancellationToken);
        var databases = await TryOutAsync(server, cancellationToken);
        control = await ReadControlAsync(server, cancellationToken);
        var state = control.GetValueOrDefault("Database cluster state", "unknown");
        if (state is not "shut down")
            throw new CloneFailedException(CloneFailure.PostgresFailed, $"The image was not stopped cleanly: it is \"{state}\".");
        await RequireAsync(server, "pg_resetwal", ["-D", server.PathOf(data)], cancellationToken);
        RemoveWhatIsNotCopied(data);
        foreach (var part in (string[])["conf", "run"])
            await DirectoryTree.DeleteAsync(Path.Combine(directory, part), cancellationToken);
        return databases;
    }

    /// <summary>Settings, signals and logs of the source: none of them is data.</summary>
    private static void RemoveWhatIsNotCopied(string data)
    {
        string[] files =
        [
            "postgresql.auto.conf", "postgresql.conf", "pg_hba.conf", "pg_ident.conf", "postmaster.pid", "postmaster.opts", "standby.signal",
            "recovery.signal", "current_logfiles", "backup_manifest", "server.key", "server.crt", "root.crt",
        ];
        foreach (var file in files)
            File.Delete(Path.Combine(data, file));
        var tablespaces = new DirectoryInfo(Path.Combine(data, "pg_tblspc"));
        if (tablespaces.Exists && tablespaces.EnumerateFileSystemInfos().Any())
        {
            throw new CloneFailedException(
                CloneFailure.HasTablespaces, "The source has tablespaces, which all clones would share.", "Move its objects to pg_default and drop the tablespaces.");
        }
    }

    /// <summary>Recovers the data and locks all inherited roles, before anything can connect.</summary>
    private static async Task LockRolesAsync(CloneServer server, CancellationToken cancellationToken)
    {
        var result = new CommandResult(1, "", "no database could be opened");
        foreach (var database in (string[])["template1", "postgres"])
        {
            result = await server.RunAsync(
                [server.Binaries.Program("postgres"), "--single", .. server.Arguments("", SocketPort), database], cancellationToken, Lock);
            if (result.Succeeded && !result.Error.Contains("FATAL:", StringComparison.Ordinal))
                return;
        }

        var complaint = result.Error.Split('\n').LastOrDefault(line => line.Contains("FATAL:", StringComparison.Ordinal) || line.Contains("PANIC:", StringComparison.Ordinal));
        throw new CloneFailedException(CloneFailure.PostgresFailed, $"The copied data does not recover: {complaint ?? result.LastLine}");
    }

    /// <summary>Starts it once as a clone would, so that what cannot start is no snapshot, and ends what the source left open.</summary>
    private async Task<IReadOnlyList<string>> TryOutAsync(CloneServer server, CancellationToken cancellationToken)
    {
        await using var process = await server.StartAsync("", SocketPort);
        await process.UntilReadyAsync(storage.Options.StartTimeout, cancellationToken);
        IReadOnlyList<string> names;
        try
        {
            await using var connection = await OpenAsync(server, cancellationToken);
            var left = await connection.QueryAsync(
                "SELECT rolname::text FROM pg_authid WHERE rolname !~ '^pg_' AND rolname <> $1 AND (rolcanlogin OR rolpassword IS NOT NULL)", cancellationToken, PostgresFiles.AdminRole);
            if (left.Count > 0)
                throw new CloneFailedException(CloneFailure.PostgresFailed, $"The role {left[0][0]} could not be locked.");
            names = [.. (await connection.QueryAsync("SELECT datname::text FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1", cancellationToken)).Select(row => (string)row[0]!)];
            foreach (var prepared in await connection.QueryAsync("SELECT gid, database::text FROM pg_prepared_xacts", cancellationToken))
            {
                await using var there = await AdminConnection.OpenAsync(server.Sockets, SocketPort, (string)prepared[1]!, cancellationToken);
                await there.ExecuteAsync($"ROLLBACK PREPARED {AdminConnection.Literal((string)prepared[0]!)}", cancellationToken);
            }
        }
        catch (NpgsqlException exception)
        {
            throw new CloneFailedException(CloneFailure.PostgresFailed, $"The image cannot be used: {exception.Message}");
        }

        if (!await process.StopAsync(StopGrace))
            throw new CloneFailedException(CloneFailure.PostgresFailed, "The image did not stop in time.");
        return names;
    }

    private static async Task<AdminConnection> OpenAsync(CloneServer server, CancellationToken cancellationToken)
    {
        try
        {
            return await AdminConnection.OpenAsync(server.Sockets, SocketPort, "template1", cancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.InvalidCatalogName)
        {
            return await AdminConnection.OpenAsync(server.Sockets, SocketPort, "postgres", cancellationToken);
        }
    }

    private static async Task<Dictionary<string, string>> ReadControlAsync(CloneServer server, CancellationToken cancellationToken)
    {
        server.WriteFiles([]);
        var result = await RequireAsync(server, "pg_controldata", ["-D", server.PathOf(server.Data)], cancellationToken);
        return result.Output.Split('\n').Select(line => line.Split(':', 2)).Where(parts => parts.Length == 2)
            .DistinctBy(parts => parts[0], StringComparer.Ordinal)
            .ToDictionary(parts => parts[0], parts => parts[1].Trim(), StringComparer.Ordinal);
    }

    private static async Task<CommandResult> RequireAsync(CloneServer server, string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var result = await server.RunAsync([server.Binaries.Program(program), .. arguments], cancellationToken);
        return result.Succeeded ? result
            : throw new CloneFailedException(CloneFailure.PostgresFailed, $"{program} refuses the copied data: {result.LastLine}");
    }
}
