using System.Collections.Concurrent;
using System.Text.Json;
using Orchestrator.Local.Servers;
using Orchestrator.Tests.Infrastructure;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Orchestrator.Tests.Chaos;

/// <summary>
/// 500 a second come due out of 100,000 that are pending, for ten seconds, or in the long dose until all have fired, while
/// one of two workers is killed and started again.
/// </summary>
[Collection(nameof(ChaosCollection))]
public sealed class When_a_hundred_thousand_timers_are_pending(Servers servers)
{
    private const int Pending = 100_000;
    private const int PerSecond = 500;
    private const string Queue = "timers";

    private static readonly int Due = ChaosCollection.IsLong ? Pending : 10 * PerSecond;

    [Fact]
    public async Task Should_fire_each_once_and_never_early_over_a_restart()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var first = await Host.StartWorkerAsync(place);
        await using var second = await Host.StartWorkerAsync(place);
        await using var broker = await new ConnectionFactory { Uri = place.Amqp }.CreateConnectionAsync(TestContext.Current.CancellationToken);
        var arrivals = await ListenAsync(broker);
        var start = await SetAsync(place);

        await Wait.UntilAsync(() => Task.FromResult(arrivals.Count > Due / 3), "a third fired", TimeSpan.FromMinutes(5));
        await second.KillAsync();
        await second.RestartAsync();
        await second.UntilReadyAsync();
        await Wait.UntilAsync(() => Task.FromResult(arrivals.Count >= Due), "all fired", TimeSpan.FromMinutes(10));

        var lateness = arrivals.Select(arrival => (arrival.Value - start).TotalMilliseconds - (arrival.Key * 1000.0 / PerSecond)).Order().ToList();
        var line = JsonSerializer.Serialize(new { Run = "timers", Pending, Due, P50 = At(0.5), P90 = At(0.9), P99 = At(0.99), Latest = lateness[^1], Earliest = lateness[0] });
        await File.AppendAllTextAsync(Checkout.RunDirectory("test", "chaos.jsonl"), $"{line}\n", TestContext.Current.CancellationToken);
        Assert.Equal(Due, arrivals.Count);
        Assert.Equal((long)(Pending - Due), await place.ScalarAsync<long>("SELECT count(*) FROM timer"));
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM outbox)"), "an empty outbox");
        // The clocks of two processes on one machine are one; its reading in microseconds is rounded.
        Assert.True(lateness[0] > -0.01, $"{-lateness[0]} ms early");

        double At(double share) => lateness[(int)(share * (lateness.Count - 1))];
    }

    // When each came for the first time: what comes again with its id an inbox drops.
    private static async Task<ConcurrentDictionary<int, DateTimeOffset>> ListenAsync(IConnection broker)
    {
        var arrivals = new ConcurrentDictionary<int, DateTimeOffset>();
        var channel = await broker.CreateChannelAsync();
        await channel.QueueDeclareAsync(Queue, durable: true, exclusive: false, autoDelete: false);
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            arrivals.TryAdd(int.Parse(delivery.BasicProperties.MessageId!, null), TimeProvider.System.GetUtcNow());
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(Queue, autoAck: true, consumer);
        return arrivals;
    }

    // Number n is due n / 500 seconds after the start; those that are not wanted are due in a day.
    private static async Task<DateTimeOffset> SetAsync(Place place)
    {
        await using var connection = await place.Source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var insert = new Npgsql.NpgsqlCommand(
            """
            WITH start AS (SELECT date_trunc('milliseconds', database_now() + interval '6 seconds') AS at)
            INSERT INTO timer (token, due_at, message_id, exchange, routing_key, is_mandatory, content_type, headers, body)
            SELECT gen_random_uuid(), at + CASE WHEN n < $1 THEN n * interval '2 milliseconds' ELSE interval '1 day' END,
                   n::text, '', $2, true, 'application/json', '{}', convert_to(repeat('x', 300), 'UTF8')
            FROM start, generate_series(0, $3) n
            """,
            connection)
        { CommandTimeout = 120 };
        insert.Parameters.Add(new() { Value = Due });
        insert.Parameters.Add(new() { Value = Queue });
        insert.Parameters.Add(new() { Value = Pending - 1 });
        await insert.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        return new DateTimeOffset(await place.ScalarAsync<DateTime>("SELECT min(due_at) FROM timer"));
    }
}
