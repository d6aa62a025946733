using System.Collections.Concurrent;
using Google.Protobuf;
using Orchestrator.Local.Servers;

namespace Orchestrator.Tests.Telemetry;

/// <summary>A span as it arrived; ids in lower-case hex.</summary>
public sealed record ReceivedSpan(
    string Scope, string Service, string TraceId, string SpanId, string ParentId, string Name, int Kind, IReadOnlyList<(string TraceId, string SpanId)> Links,
    IReadOnlyDictionary<string, string> Attributes);

/// <summary>A value of an instrument as it arrived: of a gauge its last, of a histogram its count and the bounds of its buckets.</summary>
public sealed record ReceivedPoint(string Name, IReadOnlyDictionary<string, string> Attributes, double Value, IReadOnlyList<double> Bounds);

/// <summary>
/// A collector for OTLP over HTTP, reading just the fields of opentelemetry-proto's trace.proto and metrics.proto that
/// the tests look at.
/// </summary>
public sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private OtlpReceiver(WebApplication app, Uri address) => (_app, Address) = (app, address);

    public Uri Address { get; }

    public ConcurrentQueue<ReceivedSpan> Spans { get; } = new();

    public ConcurrentQueue<ReceivedPoint> Points { get; } = new();

    /// <summary>Bytes received per signal: traces, metrics, logs.</summary>
    public ConcurrentDictionary<string, long> Received { get; } = new(StringComparer.Ordinal);

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var address = new Uri($"http://127.0.0.1:{FreePort.Next()}");
        builder.WebHost.UseUrls(address.AbsoluteUri);
        var receiver = new OtlpReceiver(builder.Build(), address);
        receiver._app.MapPost("/v1/{signal}", receiver.ReceiveAsync);
        await receiver._app.StartAsync();
        return receiver;
    }

    /// <summary>The settings that make a host export here, often.</summary>
    public (string Key, string Value)[] Settings =>
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", Address.AbsoluteUri),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_BSP_SCHEDULE_DELAY", "200"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "500"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "200"),
    ];

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task<IResult> ReceiveAsync(string signal, HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        Received.AddOrUpdate(signal, body.Length, (_, bytes) => bytes + body.Length);
        if (signal is "traces")
            ReadRequest(body.ToArray());
        if (signal is "metrics")
            ReadMetrics(body.ToArray());
        return Results.Bytes([], "application/x-protobuf");
    }

    private void ReadRequest(byte[] request)
    {
        foreach (var resourceSpans in Fields(request).Where(f => f.Number == 1))
        {
            var fields = Fields(resourceSpans.Bytes).ToList();
            var service = fields.Where(f => f.Number == 1).SelectMany(f => Fields(f.Bytes)).Where(f => f.Number == 1)
                .Select(f => Attribute(f.Bytes)).FirstOrDefault(a => a.Key is "service.name").Value ?? "";
            foreach (var scopeSpans in fields.Where(f => f.Number == 2))
                ReadScope(scopeSpans.Bytes, service);
        }
    }

    private void ReadScope(byte[] scopeSpans, string service)
    {
        var fields = Fields(scopeSpans).ToList();
        var scope = fields.Where(f => f.Number == 1).SelectMany(f => Fields(f.Bytes)).Where(f => f.Number == 1)
            .Select(f => System.Text.Encoding.UTF8.GetString(f.Bytes)).FirstOrDefault() ?? "";
        foreach (var span in fields.Where(f => f.Number == 2))
            Spans.Enqueue(ReadSpan(span.Bytes, scope, service));
    }

    private static ReceivedSpan ReadSpan(byte[] span, string scope, string service)
    {
        var fields = Fields(span).ToList();
        var links = fields.Where(f => f.Number == 13).Select(f => Fields(f.Bytes).ToList())
            .Select(link => (Hex(link, 1), Hex(link, 2))).ToList();
        var attributes = fields.Where(f => f.Number == 9).Select(f => Attribute(f.Bytes))
            .GroupBy(a => a.Key, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.First().Value, StringComparer.Ordinal);
        var name = fields.Where(f => f.Number == 5).Select(f => System.Text.Encoding.UTF8.GetString(f.Bytes)).FirstOrDefault() ?? "";
        var kind = (int)fields.Where(f => f.Number == 6).Select(f => f.Value).FirstOrDefault();
        return new ReceivedSpan(scope, service, Hex(fields, 1), Hex(fields, 2), Hex(fields, 4), name, kind, links, attributes);
    }

    private void ReadMetrics(byte[] request)
    {
        const int gauge = 5, histogram = 9;
        var metrics = Inner(Inner(Inner([request], 1), 2), 2);
        foreach (var metric in metrics.Select(metric => Fields(metric).ToList()))
        {
            var name = metric.Where(f => f.Number == 1).Select(f => System.Text.Encoding.UTF8.GetString(f.Bytes)).FirstOrDefault() ?? "";
            foreach (var point in Inner(metric.Where(f => f.Number == gauge).Select(f => f.Bytes), 1))
                Points.Enqueue(new ReceivedPoint(name, Attributes(point, 7), Number(point, [4], 6), []));
            foreach (var point in Inner(metric.Where(f => f.Number == histogram).Select(f => f.Bytes), 1))
                Points.Enqueue(new ReceivedPoint(name, Attributes(point, 9), Number(point, [], 4), Doubles(Inner([point], 7))));
        }
    }

    private static IEnumerable<byte[]> Inner(IEnumerable<byte[]> messages, int number) =>
        messages.SelectMany(message => Fields(message).Where(f => f.Number == number).Select(f => f.Bytes));

    private static Dictionary<string, string> Attributes(byte[] message, int number) =>
        Inner([message], number).Select(Attribute).ToDictionary(a => a.Key, a => a.Value, StringComparer.Ordinal);

    private static double Number(byte[] point, int[] doubles, int integer) =>
        Fields(point).Where(f => doubles.Contains(f.Number)).Select(f => BitConverter.UInt64BitsToDouble(f.Value))
            .Concat(Fields(point).Where(f => f.Number == integer).Select(f => (double)f.Value)).FirstOrDefault();

    private static List<double> Doubles(IEnumerable<byte[]> packed) =>
        [.. packed.SelectMany(bytes => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, double>(bytes).ToArray())];

    private static (string Key, string Value) Attribute(byte[] keyValue)
    {
        var fields = Fields(keyValue).ToList();
        var key = System.Text.Encoding.UTF8.GetString(fields.First(f => f.Number == 1).Bytes);
        var value = fields.Where(f => f.Number == 2).SelectMany(f => Fields(f.Bytes)).FirstOrDefault();
        return (key, value.Bytes is { } bytes ? System.Text.Encoding.UTF8.GetString(bytes) : value.Value.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private static string Hex(IEnumerable<(int Number, byte[] Bytes, ulong Value)> fields, int number) =>
        fields.Where(f => f.Number == number).Select(f => Convert.ToHexStringLower(f.Bytes)).FirstOrDefault() ?? "";

    private static IEnumerable<(int Number, byte[] Bytes, ulong Value)> Fields(byte[] message)
    {
        var input = new CodedInputStream(message);
        uint tag;
        while ((tag = input.ReadTag()) != 0)
        {
            var number = WireFormat.GetTagFieldNumber(tag);
            switch (WireFormat.GetTagWireType(tag))
            {
                case WireFormat.WireType.LengthDelimited:
                    yield return (number, input.ReadBytes().ToByteArray(), 0);
                    break;
                case WireFormat.WireType.Varint:
                    yield return (number, null!, input.ReadUInt64());
                    break;
                case WireFormat.WireType.Fixed64:
                    yield return (number, null!, input.ReadFixed64());
                    break;
                case WireFormat.WireType.Fixed32:
                    yield return (number, null!, input.ReadFixed32());
                    break;
                default:
                    throw new InvalidDataException($"Field {number} has an unexpected wire type.");
            }
        }
    }
}
