using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using Npgsql;
using NpgsqlTypes;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Orchestrator.Bench.Intake;

/// <summary>
/// The mark: the native client and a binary COPY into the same table, in a process of its own. It knows the flavor of
/// each kind of job beforehand; it has no inbox, no events, no timeline, no dead letters, and a repeat would end it.
/// </summary>
public sealed class RawConsumer(IChannel channel, NpgsqlConnection connection)
{
    public const string Command = "raw-consumer";
    public const string Exchange = "bench.raw";

    private const string Queue = "bench-raw";
    private const int Writers = 2;
    private const int BatchSize = 1_000;
    private const ushort Prefetch = 3 * BatchSize;

    private static readonly Dictionary<string, string> Flavors =
        JobKind.All.ToDictionary(kind => string.Join(',', kind.StoredLabels), kind => kind.Flavor, StringComparer.Ordinal);

    private readonly Channel<Row> _rows = System.Threading.Channels.Channel.CreateUnbounded<Row>();

    private sealed record Row(ulong Tag, string Platform, string Id, string[] Labels, DateTime CreatedAt, string Raw);

    /// <summary>Consumes until the process is ended.</summary>
    public static async Task<int> RunAsync()
    {
        await using var source = NpgsqlDataSource.Create(Environment.GetEnvironmentVariable("ConnectionStrings__Postgres")!);
        var factory = new ConnectionFactory { Uri = new Uri(Environment.GetEnvironmentVariable("ConnectionStrings__RabbitMq")!) };
        await using var broker = await factory.CreateConnectionAsync();
        var writers = new List<Task>();
        for (var i = 0; i < Writers; i++)
        {
            var channel = await broker.CreateChannelAsync();
            await DeclareAsync(channel, CancellationToken.None);
            writers.Add(new RawConsumer(channel, await source.OpenConnectionAsync()).ConsumeAsync());
        }

        await await Task.WhenAny(writers);
        return 1;
    }

    public static async Task DeclareAsync(IChannel channel, CancellationToken cancellationToken)
    {
        await channel.ExchangeDeclareAsync(Exchange, "fanout", durable: true, cancellationToken: cancellationToken);
        await channel.QueueDeclareAsync(
            Queue, durable: true, exclusive: false, autoDelete: false,
            new Dictionary<string, object?>(StringComparer.Ordinal) { ["x-queue-type"] = "quorum" }, cancellationToken: cancellationToken);
        await channel.QueueBindAsync(Queue, Exchange, "", cancellationToken: cancellationToken);
    }

    private async Task ConsumeAsync()
    {
        await channel.BasicQosAsync(0, Prefetch, global: false);
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            _rows.Writer.TryWrite(Parse(delivery.DeliveryTag, delivery.Body));
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(Queue, autoAck: false, consumer);
        var batch = new List<Row>(BatchSize);
        while (await _rows.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < BatchSize && _rows.Reader.TryRead(out var row))
                batch.Add(row);
            await CopyAsync(batch);
            await channel.BasicAckAsync(batch[^1].Tag, multiple: true);
        }
    }

    private async Task CopyAsync(List<Row> batch)
    {
        await using var import = await connection.BeginBinaryImportAsync(
            "COPY job (platform, id, labels, created_at, raw, assigned_flavor) FROM STDIN (FORMAT BINARY)");
        foreach (var row in batch)
        {
            await import.StartRowAsync();
            await import.WriteAsync(row.Platform, NpgsqlDbType.Text);
            await import.WriteAsync(row.Id, NpgsqlDbType.Text);
            await import.WriteAsync(row.Labels, NpgsqlDbType.Array | NpgsqlDbType.Text);
            await import.WriteAsync(row.CreatedAt, NpgsqlDbType.TimestampTz);
            await import.WriteAsync(row.Raw, NpgsqlDbType.Jsonb);
            await import.WriteAsync(Flavors[string.Join(',', row.Labels)], NpgsqlDbType.Text);
        }

        await import.CompleteAsync();
    }

    private static Row Parse(ulong tag, ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body);
        var root = document.RootElement;
        if (root.TryGetProperty("message", out var message))
            root = message;
        var createdAt = root.TryGetProperty("createdAt", out var camel) ? camel : root.GetProperty("created_at");
        return new Row(
            tag,
            root.GetProperty("platform").GetString()!,
            root.GetProperty("id").GetString()!,
            Normal(root.GetProperty("labels")),
            DateTime.Parse(createdAt.GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal),
            root.GetProperty("raw").GetRawText());
    }

    private static string[] Normal(JsonElement labels)
    {
        var normal = new List<string>(labels.GetArrayLength());
        foreach (var label in labels.EnumerateArray())
        {
            var lower = label.GetString()!.ToLowerInvariant();
            if (lower is not ("self-hosted" or "linux"))
                normal.Add(lower);
        }

        return [.. normal];
    }
}
