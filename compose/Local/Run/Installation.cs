using Orchestrator.Local.Examples;
using Orchestrator.Local.Servers;

namespace Orchestrator.Local.Run;

/// <summary>What the hosts of one run share: servers, secrets and the API's address.</summary>
internal sealed class Installation(LocalServers servers, RunSecrets secrets, int port, string clones)
{
    /// <summary>The name of the database and of the virtual host.</summary>
    public const string Name = "orchestrator";

    public Uri Url { get; } = new($"http://127.0.0.1:{port}");

    public RunSecrets Secrets => secrets;

    public LocalServers Servers => servers;

    /// <summary>The API's port: ORCHESTRATOR_PORT, else 8080 when it is free, else any that is.</summary>
    /// <exception cref="RunFailedException">ORCHESTRATOR_PORT is not a port or is taken.</exception>
    public static int ChoosePort()
    {
        const int usual = 8080;
        if (Environment.GetEnvironmentVariable("ORCHESTRATOR_PORT") is not { Length: > 0 } wanted)
            return FreePort.IsFree(usual) ? usual : FreePort.Next();
        if (!ushort.TryParse(wanted, out var port) || port == 0)
            throw new RunFailedException($"ORCHESTRATOR_PORT={wanted} is not a port.");
        return FreePort.IsFree(port) ? port : throw new RunFailedException($"ORCHESTRATOR_PORT={wanted} is in use by another program.");
    }

    /// <summary>The AMQP address of the user for foreign publishers; there once prepared.</summary>
    public Uri? PublisherUri { get; private set; }

    /// <summary>Creates the database and the virtual host on the first run, and gives publishers a user of their own.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (!await servers.Postgres.DatabaseExistsAsync(Name, cancellationToken))
            await servers.Postgres.CreateDatabaseAsync(Name, cancellationToken);
        await servers.RabbitMq.CreateVhostAsync(Name, cancellationToken);
        PublisherUri = await servers.RabbitMq.CreatePublisherAsync(Name, cancellationToken: cancellationToken);
    }

    /// <summary>The environment of a host: ours, and every setting that the user has in theirs. Roles: all, api, worker.</summary>
    public Dictionary<string, string> HostEnvironment(string role, Uri url)
    {
        var environment = CleanEnvironment.Create();
        foreach (var (name, value) in AllExamples.Settings)
            environment[name] = value;
        environment["Clones__Directory"] = clones;
        environment["Clones__DumpRoot"] = RunPaths.Dumps;
        foreach (var (name, value) in UserSettings())
            environment[name] = value;
        environment["HOME"] = Environment.GetEnvironmentVariable("HOME") ?? "/";
        environment["ASPNETCORE_URLS"] = url.GetLeftPart(UriPartial.Authority);
        environment["Host__Role"] = role;
        environment["Database__MigrateAtStart"] = "true";
        environment["ConnectionStrings__Postgres"] = servers.Postgres.ConnectionString(Name);
        environment["ConnectionStrings__RabbitMq"] = servers.RabbitMq.AmqpUri(Name).AbsoluteUri;
        environment["Auth__AdminToken"] = secrets.AdminToken;
        environment["Webhook__Secrets__0"] = secrets.WebhookSecret;
        environment["Calls__CallbackSecret"] = secrets.CallbackSecret;
        return environment;
    }

    private static IEnumerable<(string Name, string Value)> UserSettings() =>
        from System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables()
        let name = (string)entry.Key
        where name.Contains("__", StringComparison.Ordinal) || name.StartsWith("OTEL_", StringComparison.Ordinal)
        select (name, (string?)entry.Value ?? "");
}
