using System.Diagnostics;
using System.Globalization;
using Orchestrator.Tests.Infrastructure;
using RabbitMQ.Client;

namespace Orchestrator.Tests.Chaos;

/// <summary>
/// With every prefetched message in work, hundreds of acknowledgements are under way when the connection breaks. They
/// must not keep the consumers from coming back.
/// </summary>
[Collection(nameof(OwnServersCollection))]
public sealed class When_the_broker_dies_under_a_backlog(OwnServers servers)
{
    private const int Jobs = 20_000;
    private static readonly int Kills = ChaosCollection.IsLong ? 10 : 1;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Should_go_on_within_ten_seconds()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var worker = await Host.StartWorkerAsync(place);
        var longest = TimeSpan.Zero;
        for (var kill = 0; kill < Kills; kill++)
        {
            await worker.KillAsync();
            await EnqueueAsync(place, kill);
            await worker.RestartAsync();
            await Wait.UntilAsync(async () => await CountAsync(place) > kill * Jobs, "working");

            await servers.RabbitMq.KillAsync();
            var starting = servers.RabbitMq.StartAsync(TestContext.Current.CancellationToken);
            await Wait.UntilAsync(async () => await ConnectsAsync(), "accepting connections", TimeSpan.FromMinutes(1));
            var (clock, before) = (Stopwatch.StartNew(), await CountAsync(place));
            await Wait.UntilAsync(async () => await CountAsync(place) > before, "working again", TimeSpan.FromMinutes(2));
            longest = clock.Elapsed > longest ? clock.Elapsed : longest;
            await starting;
            await Wait.UntilAsync(async () => await CountAsync(place) == (kill + 1) * Jobs, "done", TimeSpan.FromMinutes(2));
        }

        Assert.True(longest <= Bound, $"It took {longest}.");
        Assert.Equal(0L, await place.ScalarAsync<long>("SELECT count(*) FROM dead_letter"));
    }

    private async Task<bool> ConnectsAsync()
    {
        try
        {
            await servers.ConnectToRabbitMqAsync();
            return true;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return false;
        }
    }

    private static Task<long> CountAsync(Place place) => place.ScalarAsync<long>("SELECT count(*) FROM job");

    private static async Task EnqueueAsync(Place place, int round)
    {
        await using var connection = await new ConnectionFactory { Uri = place.Amqp }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(
            publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true, outstandingPublisherConfirmationsRateLimiter: null));
        var properties = new BasicProperties { DeliveryMode = DeliveryModes.Persistent };
        foreach (var some in Enumerable.Range(0, Jobs).Chunk(500))
        {
            await Task.WhenAll(some.Select(number => channel.BasicPublishAsync(
                "orchestrator.jobs.enqueue-job", "", mandatory: true, properties,
                System.Text.Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"platform":"gitlab","id":"{{round}}-{{number}}"}"""))).AsTask()));
        }
    }
}
