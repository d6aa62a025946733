namespace Orchestrator.Local.Servers;

/// <summary>
/// The files of a private RabbitMQ node. Every path that the server knows is set, so that nothing of a system
/// installation (/etc/rabbitmq, /var/lib/rabbitmq) is read or written.
/// </summary>
internal static class RabbitMqFiles
{
    /// <summary>Writes the settings and returns the server's environment.</summary>
    public static Dictionary<string, string> Write(ServerDirectory directory, SystemUser? user, RabbitMqNode node, string erlangBin)
    {
        var home = directory.File("node");
        PrivateFile.CreateDirectory(home, user);
        PrivateFile.CreateDirectory(Path.Combine(home, "conf.d"), user);
        var cookie = Path.Combine(home, ".erlang.cookie");
        PrivateFile.Write(cookie, node.Cookie, user);
        File.SetUnixFileMode(cookie, UnixFileMode.UserRead);
        PrivateFile.Write(Path.Combine(home, "rabbitmq.conf"), Configuration(node), user);
        PrivateFile.Write(Path.Combine(home, "advanced.config"), "[].\n", user);
        PrivateFile.Write(Path.Combine(home, "rabbitmq-env.conf"), "", user);
        PrivateFile.Write(Path.Combine(home, "enabled_plugins"), "[rabbitmq_management].\n", user);
        return EnvironmentOf(home, node, erlangBin);
    }

    // The default user replaces guest, which therefore never exists.
    private static string Configuration(RabbitMqNode node) => $"""
        default_user = {RabbitMqNode.UserName}
        default_pass = {node.Password}
        default_user_tags.administrator = true
        listeners.tcp.local = 127.0.0.1:{node.Amqp}
        management.tcp.ip = 127.0.0.1
        management.tcp.port = {node.Management}
        log.file = false
        log.console = true
        log.console.level = info

        """;

    private static Dictionary<string, string> EnvironmentOf(string home, RabbitMqNode node, string erlangBin)
    {
        var environment = CleanEnvironment.Create();
        environment["PATH"] = $"{erlangBin}:{environment["PATH"]}";
        foreach (var (name, value) in (IEnumerable<(string, string)>)
        [
            ("HOME", home),
            ("ERL_EPMD_PORT", node.Epmd.ToString()),
            ("ERL_EPMD_ADDRESS", "127.0.0.1"),
            ("ERL_CRASH_DUMP_SECONDS", "0"),
            // The start script then execs Erlang instead of staying as its parent.
            ("RUNNING_UNDER_SYSTEMD", "true"),
            ("RABBITMQ_NODENAME", node.Name),
            ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1"),
            ("RABBITMQ_NODE_PORT", node.Amqp.ToString()),
            ("RABBITMQ_DIST_PORT", node.Distribution.ToString()),
            ("RABBITMQ_CONF_ENV_FILE", Path.Combine(home, "rabbitmq-env.conf")),
            ("RABBITMQ_CONFIG_FILE", Path.Combine(home, "rabbitmq.conf")),
            ("RABBITMQ_CONFIG_FILES", Path.Combine(home, "conf.d")),
            ("RABBITMQ_ADVANCED_CONFIG_FILE", Path.Combine(home, "advanced.config")),
            ("RABBITMQ_GENERATED_CONFIG_DIR", Path.Combine(home, "config")),
            ("RABBITMQ_SCHEMA_DIR", Path.Combine(home, "schema")),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", Path.Combine(home, "enabled_plugins")),
            ("RABBITMQ_MNESIA_BASE", Path.Combine(home, "mnesia")),
            ("RABBITMQ_PLUGINS_EXPAND_DIR", Path.Combine(home, "plugins")),
            ("RABBITMQ_LOG_BASE", Path.Combine(home, "log")),
            ("RABBITMQ_LOGS", "-"),
            ("RABBITMQ_PID_FILE", Path.Combine(home, "pid")),
            // Idle schedulers sleep instead of spinning: the machine is shared with the hosts.
            ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false +sbwt none +sbwtdcpu none +sbwtdio none"),
        ])
            environment[name] = value;
        return environment;
    }
}
