using System.Text.RegularExpressions;
using Orchestrator.Local.Servers;

namespace Orchestrator.Local.Run;

/// <summary>
/// <c>.run/env</c>: <c>KEY=value</c> lines that a shell can source, readable by its owner only, there while the
/// system is up. It is rewritten whenever a process gets a new pid.
/// </summary>
internal sealed partial class EnvFile(Installation installation, IReadOnlyList<Supervised> processes)
{
    private readonly Lock _writing = new();

    public static void Delete() => File.Delete(RunPaths.Env);

    public void Write()
    {
        lock (_writing)
            KeyValueFile.Write(RunPaths.Env, Values().Select(pair => KeyValuePair.Create(pair.Key, Quote(pair.Value))));
    }

    private IEnumerable<KeyValuePair<string, string>> Values() =>
    [
        new("ORCHESTRATOR_URL", installation.Url.GetLeftPart(UriPartial.Authority)),
        new("ORCHESTRATOR_ADMIN_TOKEN", installation.Secrets.AdminToken),
        new("ORCHESTRATOR_WEBHOOK_SECRET", installation.Secrets.WebhookSecret),
        new("ORCHESTRATOR_CALLBACK_SECRET", installation.Secrets.CallbackSecret),
        new("RABBITMQ_URL", installation.Servers.RabbitMq.AmqpUri(Installation.Name).AbsoluteUri),
        new("RABBITMQ_PUBLISHER_URL", installation.PublisherUri!.AbsoluteUri),
        new("RABBITMQ_MANAGEMENT_URL", installation.Servers.RabbitMq.ManagementUri.AbsoluteUri),
        new("POSTGRES_URL", installation.Servers.Postgres.Uri(Installation.Name)),
        new("FUNCTIONS_ROOT", RunPaths.Functions),
        .. from supervised in processes
           where supervised.Process is not null
           from key in supervised.PidKeys
           select KeyValuePair.Create(key, supervised.Process!.Pid.ToString()),
    ];

    private static string Quote(string value) =>
        Plain().IsMatch(value) ? value : $"'{value.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    [GeneratedRegex(@"^[A-Za-z0-9_.,:/@%+=~-]*$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Plain();
}
