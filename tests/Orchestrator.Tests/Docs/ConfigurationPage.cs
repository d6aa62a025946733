using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Orchestrator.Tests.Docs;

/// <summary>Renders docs/configuration.md from the options classes and their XML docs.</summary>
public static partial class ConfigurationPage
{
    private const string Head = """
        # Configuration

        Set keys as environment variables with `__` between the parts (`Outbox__Lease=00:02:00`), or in
        `appsettings.json` beside the program, whatever the working directory is. Times are `days.hours:minutes:seconds`. A wrong
        setting stops the start with one line that names the key.

        | key | meaning, range and default | default value |
        |---|---|---|
        | `ConnectionStrings:Postgres` | Where the database is: an Npgsql connection string. Required. | |
        | `ConnectionStrings:RabbitMq` | Where the broker is: `amqp://user:password@host:port/vhost`, or `amqps://`. Required. | |

        """;

    private const string Foot = """
        | `OTEL_EXPORTER_OTLP_ENDPOINT` | Where traces, metrics and logs go by OTLP; the other `OTEL_*` variables of the OpenTelemetry specification apply as well. Unset: nothing is exported. | |
        | `Logging:LogLevel:*` | Levels by category, as in every .NET host. | `Information`, frameworks `Warning` |
        | `Logging:Console:FormatterName` | `json`, `simple` or `systemd`. | `json` |
        | `ASPNETCORE_URLS` | Addresses to listen on, of the API, or of a worker for its health. | `http://localhost:5000` |

        """;

    public static string Render(params Assembly[] assemblies)
    {
        var page = new StringBuilder(Head);
        foreach (var assembly in assemblies)
        {
            var docs = Docs(assembly);
            foreach (var type in assembly.GetTypes().Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal)).OrderBy(type => type.Name, StringComparer.Ordinal))
            {
                if (SectionOf(docs.GetValueOrDefault($"T:{type.FullName}")) is { } section)
                    Append(page, section, type, docs);
            }
        }

        return page.Append(Foot).ToString();
    }

    private static void Append(StringBuilder page, string section, Type type, Dictionary<string, string> docs)
    {
        var defaults = Activator.CreateInstance(type)!;
        foreach (var property in type.GetProperties().Where(p => p.CanWrite))
        {
            var text = docs.GetValueOrDefault($"P:{type.FullName}.{property.Name}")
                ?? throw new InvalidOperationException($"{type.Name}.{property.Name} has no XML doc.");
            var isRequired = property.GetCustomAttribute<RequiredAttribute>() is not null;
            page.Append(CultureInfo.InvariantCulture, $"| `{section}:{property.Name}` | {text}{(isRequired ? " Required." : "")} | {Value(property.GetValue(defaults))} |\n");
        }
    }

    private static string Value(object? value) => value switch
    {
        null or "" => "",
        System.Collections.ICollection { Count: 0 } => "",
        bool flag => flag ? "`true`" : "`false`",
        Enum choice => $"`{choice.ToString().ToLowerInvariant()}`",
        IFormattable formattable => $"`{formattable.ToString(null, CultureInfo.InvariantCulture)}`",
        _ => $"`{value}`",
    };

    private static string? SectionOf(string? summary) =>
        summary is not null && SectionPattern().Match(summary) is { Success: true } match ? match.Groups["section"].Value : null;

    private static Dictionary<string, string> Docs(Assembly assembly) =>
        XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml")).Descendants("member")
            .ToDictionary(member => member.Attribute("name")!.Value, member => Text(member.Element("summary")), StringComparer.Ordinal);

    private static string Text(XElement? summary)
    {
        if (summary is null)
            return "";
        var text = new StringBuilder();
        foreach (var node in summary.Nodes())
        {
            text.Append(node switch
            {
                XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
                XElement { Name.LocalName: "see" } see => $"`{see.Attribute("cref")!.Value.Split('.')[^1]}`",
                XText plain => plain.Value,
                _ => "",
            });
        }

        return Spaces().Replace(text.ToString(), " ").Trim();
    }

    [GeneratedRegex("^Section `(?<section>[A-Za-z:]+)`", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SectionPattern();

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Spaces();
}
