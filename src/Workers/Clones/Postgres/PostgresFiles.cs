using System.Text;

namespace Orchestrator.Workers.Clones.Postgres;

/// <summary>The settings of one Postgres, in a directory that it can read and not write.</summary>
internal static class PostgresFiles
{
    /// <summary>Our own role in every snapshot and clone: reached through the clone's socket by our uid only, without a password.</summary>
    public const string AdminRole = "orchestrator_clones";

    private const string Map = "orchestrator";

    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    // Small and thin: no WAL is kept or written ahead, and blocks are not zeroed before they are written.
    private static readonly KeyValuePair<string, string>[] Defaults =
    [
        new("shared_buffers", "64MB"),
        new("max_wal_size", "1GB"),
        new("min_wal_size", "32MB"),
        new("wal_recycle", "off"),
        new("wal_init_zero", "off"),
        new("timezone", "UTC"),
        new("log_timezone", "UTC"),
        new("log_line_prefix", "%m [%p] "),
        new("password_encryption", "scram-sha-256"),
    ];

    /// <summary>Writes the three files; what was there is replaced.</summary>
    /// <param name="directory">Where they go.</param>
    /// <param name="settings">Parameters that add to or replace the defaults.</param>
    /// <param name="preload">Libraries to preload.</param>
    /// <param name="admins">Users of this machine, as Postgres sees them, who may be <see cref="AdminRole"/>.</param>
    public static void Write(string directory, IEnumerable<KeyValuePair<string, string>> settings, string preload, IEnumerable<string> admins)
    {
        Directory.CreateDirectory(directory);
        File.SetUnixFileMode(directory, Readable | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        var configuration = new StringBuilder();
        foreach (var (name, value) in Defaults.Concat(settings))
            configuration.Append(name).Append(" = ").Append(Quote(value)).Append('\n');
        if (preload.Length > 0)
            configuration.Append("shared_preload_libraries = ").Append(Quote(preload)).Append('\n');
        Put("postgresql.conf", configuration.ToString());
        Put("pg_hba.conf", $"""
            local all {AdminRole} peer map={Map}
            host all {AdminRole} all reject
            host all all all scram-sha-256
            host replication all all scram-sha-256

            """);
        Put("pg_ident.conf", string.Concat(admins.Distinct(StringComparer.Ordinal).Select(name => $"{Map} \"{name}\" {AdminRole}\n")));

        void Put(string name, string content)
        {
            var file = Path.Combine(directory, name);
            File.WriteAllText(file, content);
            File.SetUnixFileMode(file, Readable);
        }
    }

    /// <summary>What stands on the command line wins over every file, also over ALTER SYSTEM of a clone's superuser.</summary>
    public static IEnumerable<string> Arguments(string data, string configuration, string sockets, string addresses, int port) =>
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["config_file"] = Path.Combine(configuration, "postgresql.conf"),
            ["hba_file"] = Path.Combine(configuration, "pg_hba.conf"),
            ["ident_file"] = Path.Combine(configuration, "pg_ident.conf"),
            ["listen_addresses"] = addresses,
            ["port"] = port.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["unix_socket_directories"] = sockets,
            ["unix_socket_permissions"] = "0700",
            ["logging_collector"] = "off",
            ["log_destination"] = "stderr",
            ["ssl"] = "off",
            // A copy must not do the original's work: ship its WAL, follow its primary, apply its subscriptions.
            ["archive_mode"] = "off",
            ["primary_conninfo"] = "",
            ["max_logical_replication_workers"] = "0",
        }.SelectMany(pair => (string[])["-c", $"{pair.Key}={pair.Value}"]).Prepend(data).Prepend("-D");

    private static string Quote(string value) =>
        $"'{value.Replace("\\", @"\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'";
}
