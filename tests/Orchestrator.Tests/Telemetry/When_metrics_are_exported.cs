using Npgsql;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Telemetry;

public sealed class When_metrics_are_exported(Servers servers)
{
    private const string Gauge = "orchestrator.queue.messages";

    private const string Queues = """
        add-flavor cancel-call capacity-changed capacity-pressure-changed clone clone-snapshot complete-job create-clone
        create-snapshot cron-due delete-action delete-clone delete-flavor delete-instance delete-job delete-snapshot
        deliver-callback disable-flavor drain-node enable-flavor enqueue-job execute-action github-workflow-job instance-due
        invoke-fn provision-instance redrive-deployment refresh-snapshot register-action reset-clone resume-deployment
        retry-call retry-rollback run-job runner-completed runner-deleted runner-started scheduler skip-rollback start-job
        stop-deployment suspend-deployment terminate-app-instances terminate-instance update-clone update-flavor
        update-instance update-snapshot
        """;

    [Fact]
    public async Task Should_tell_how_many_messages_wait_in_each_queue()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var otlp = await OtlpReceiver.StartAsync();
        await using var host = await Host.StartAllAsync(place, otlp.Settings);
        await using var publisher = await AmqpPublisher.ConnectAsync(place);
        await Wait.UntilAsync(() => Task.FromResult(Depth(otlp, "orchestrator-delete-job") == 0), "empty");

        // The consumer takes two, and gets no further while somebody holds the lock of their platform.
        await using var connection = await place.Source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var blocker = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using var lockPlatform = new NpgsqlCommand("SELECT pg_advisory_xact_lock(1, hashtext('github'))", connection);
        await lockPlatform.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        for (var id = 1; id <= 9; id++)
            await publisher.PublishAsync("orchestrator.jobs.delete-job", $$"""{"platform":"github","id":"{{id}}"}""", $"delete-{id}");
        await Wait.UntilAsync(() => Task.FromResult(Depth(otlp, "orchestrator-delete-job") == 7), "seven deep");

        await blocker.CommitAsync(TestContext.Current.CancellationToken);
        await Wait.UntilAsync(() => Task.FromResult(Depth(otlp, "orchestrator-delete-job") == 0), "empty again");
        Assert.Equal(
            Queues.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(name => $"orchestrator-{name}").Append("orchestrator.dead-letter"),
            otlp.Points.Where(point => point.Name is Gauge).Select(point => point.Attributes["queue"]).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Should_sort_the_times_of_jobs_into_buckets_from_seconds_to_hours()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var otlp = await OtlpReceiver.StartAsync();
        await using var host = await Host.StartAllAsync(place, [.. otlp.Settings, Host.Only("jobs")]);
        foreach (var action in (string[])["queued", "in_progress", "completed"])
        {
            using var response = await host.Client.SendAsync(Deliveries.Signed(Deliveries.Body(1, action, "self-hosted")), TestContext.Current.CancellationToken);
            Assert.Equal(200, (int)response.StatusCode);
        }

        double[] waiting = [0, 1, 2.5, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400];
        Assert.Equal(waiting, (await HistogramAsync(otlp, "orchestrator.job.waiting")).Bounds);
        Assert.Equal([.. waiting, 21600], (await HistogramAsync(otlp, "orchestrator.job.running")).Bounds);
    }

    private static double? Depth(OtlpReceiver otlp, string queue) =>
        otlp.Points.LastOrDefault(point => point.Name is Gauge && point.Attributes["queue"] == queue)?.Value;

    private static async Task<ReceivedPoint> HistogramAsync(OtlpReceiver otlp, string name)
    {
        var found = await Wait.ForAsync(() => Task.FromResult(otlp.Points.LastOrDefault(point => point.Name == name)), point => point is { Value: > 0 }, "exported");
        return found!;
    }
}
