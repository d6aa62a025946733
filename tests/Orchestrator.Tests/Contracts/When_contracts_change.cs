using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using Orchestrator.Contracts;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Local.Servers;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Contracts;

/// <summary>
/// Names and shapes on the wire are promises. A change that is meant is approved by copying the received file, whose
/// path a failure names, over <c>Wire.approved.txt</c>; changes only ever add.
/// </summary>
public sealed class When_contracts_change(Servers servers)
{
    private static string Directory => Path.Combine(Checkout.Root, "tests", "Orchestrator.Tests", "Contracts");

    private static readonly JsonSerializerOptions Wire = WithSchemas();

    [Fact]
    public async Task Should_be_what_was_approved()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using (await Host.StartAllAsync(place))
        {
            var received = Messages() + await BrokerAsync(place);
            var (approvedFile, receivedFile) = (Path.Combine(Directory, "Wire.approved.txt"), Checkout.RunDirectory("test", "Wire.received.txt"));
            await File.WriteAllTextAsync(receivedFile, received, TestContext.Current.CancellationToken);
            var approved = File.Exists(approvedFile) ? await File.ReadAllTextAsync(approvedFile, TestContext.Current.CancellationToken) : "";
            Assert.True(approved == received, $"The wire has changed. If it is meant: cp {receivedFile} {approvedFile}\n{FirstDifference(approved, received)}");
        }
    }

    // A converter of one's own has no schema; that of a time is the default one's.
    private static JsonSerializerOptions WithSchemas()
    {
        var options = new JsonSerializerOptions(WireJson.Options) { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };
        options.Converters.Remove(options.Converters.OfType<Rfc3339Converter>().Single());
        return options;
    }

    private static string Messages()
    {
        var text = new StringBuilder();
        foreach (var type in typeof(EnqueueJob).Assembly.GetTypes().Where(t => t.GetCustomAttribute<MessageNameAttribute>() is not null).OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            text.Append($"urn:message:{type.Namespace}:{type.Name}\n  exchange {ExchangeNames.Of(type)}\n");
            var schema = Wire.GetJsonSchemaAsNode(type).AsObject();
            var required = schema["required"]?.AsArray().Select(name => name!.GetValue<string>()).ToHashSet(StringComparer.Ordinal) ?? [];
            foreach (var (name, property) in schema["properties"]!.AsObject().OrderBy(p => p.Key, StringComparer.Ordinal))
                text.Append($"  {name}{(required.Contains(name) ? "!" : "")}: {(property is JsonObject shape ? shape.ToJsonString(JsonSerializerOptions.Default) : property!.ToJsonString())}\n");
        }

        return text.ToString();
    }

    private async Task<string> BrokerAsync(Place place)
    {
        var vhost = Uri.EscapeDataString(place.Amqp.AbsolutePath[1..]);
        var management = servers.RabbitMq.Management;
        var text = new StringBuilder();
        foreach (var exchange in await ListAsync("exchanges", e => e.Name.StartsWith("orchestrator", StringComparison.Ordinal) || e.Name.StartsWith("github", StringComparison.Ordinal)))
            text.Append($"exchange {exchange.Name} {exchange.Node["type"]}{(exchange.Node["durable"]!.GetValue<bool>() ? " durable" : "")}\n");
        foreach (var queue in await ListAsync("queues", q => q.Name.StartsWith("orchestrator", StringComparison.Ordinal)))
            text.Append($"queue {queue.Name}{(queue.Node["durable"]!.GetValue<bool>() ? " durable" : "")} {Sorted(queue.Node["arguments"]!.AsObject())}\n");
        foreach (var binding in (await management.GetAsync($"api/bindings/{vhost}"))!.AsArray()
            .Where(b => b!["source"]!.GetValue<string>().Length > 0 && !b["destination"]!.GetValue<string>().Contains("_bus_", StringComparison.Ordinal))
            .Select(b => $"binding {b!["source"]} -[{b["routing_key"]}]-> {b["destination_type"]} {b["destination"]}\n").Order(StringComparer.Ordinal))
            text.Append(binding);
        return text.ToString();

        async Task<List<(string Name, JsonNode Node)>> ListAsync(string what, Func<(string Name, JsonNode Node), bool> isOurs) =>
            [.. (await management.GetAsync($"api/{what}/{vhost}"))!.AsArray().Select(node => (Name: node!["name"]!.GetValue<string>(), Node: node))
                .Where(isOurs).OrderBy(node => node.Name, StringComparer.Ordinal)];
    }

    private static string Sorted(JsonObject node) =>
        string.Join(' ', node.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}"));

    private static string FirstDifference(string approved, string received)
    {
        var (was, now) = (approved.Split('\n'), received.Split('\n'));
        var gone = was.Except(now, StringComparer.Ordinal).Select(line => $"- {line}");
        return string.Join('\n', gone.Concat(now.Except(was, StringComparer.Ordinal).Select(line => $"+ {line}")).Take(20));
    }
}
