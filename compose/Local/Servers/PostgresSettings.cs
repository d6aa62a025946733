namespace Orchestrator.Local.Servers;

/// <summary>The parameters of a private Postgres: durable as in production, sized for a developer's machine.</summary>
internal static class PostgresSettings
{
    public static Dictionary<string, string> Create(string bin, int port, IReadOnlyDictionary<string, string> overrides)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["listen_addresses"] = "127.0.0.1",
            ["port"] = port.ToString(),
            ["unix_socket_directories"] = "",
            ["max_connections"] = "200",
            ["shared_buffers"] = "256MB",
            ["max_wal_size"] = "2GB",
            ["wal_level"] = "replica",
            ["max_wal_senders"] = "10",
            ["fsync"] = "on",
            ["synchronous_commit"] = "on",
            ["log_line_prefix"] = "%m [%p] ",
        };
        if (HasStatements(bin))
            settings["shared_preload_libraries"] = "pg_stat_statements";
        foreach (var (name, value) in overrides)
            settings[name] = value;
        return settings;
    }

    private static bool HasStatements(string bin) =>
        File.Exists(Path.GetFullPath(Path.Combine(bin, "../lib/pg_stat_statements.so")));
}
