using System.Collections.Concurrent;
using System.Globalization;
using Npgsql;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Jobs;

/// <summary>Random interleavings; the seed of a failure is in its message and repeats it with <c>ORCHESTRATOR_SEED</c>.</summary>
public sealed class When_jobs_and_flavors_change_at_once(Servers servers, ITestOutputHelper output)
{
    private static readonly int Rounds = Environment.GetEnvironmentVariable("ORCHESTRATOR_LONG") is { Length: > 0 } ? 10_000 : 500;

    private static readonly string[] Platforms = ["github", "gitlab"];
    private static readonly string[] Labels = ["a", "b", "c"];

    /// <summary>The rules once more, in other words than the reconcile's.</summary>
    private const string Violations = """
        SELECT (SELECT count(*) FROM job j
                WHERE completed_at IS NULL AND source < 2 AND (assigned_flavor IS NOT NULL) <>
                      EXISTS (SELECT FROM flavor f WHERE f.platform = j.platform AND NOT f.is_disabled AND f.labels @> j.labels
                              AND f.name = coalesce(j.assigned_flavor, f.name)))
             + (SELECT count(*) FROM job j WHERE completed_at IS NULL AND source >= 2 AND assigned_flavor IS NOT NULL)
             + (SELECT count(*) FROM flavor_pressure p WHERE incomplete <>
                   (SELECT count(*) FROM job j WHERE j.platform = p.platform AND j.assigned_flavor = p.name
                                                 AND completed_at IS NULL AND NOT is_aged))
        """;

    private readonly ConcurrentBag<string> _mended = [];
    private int _deadlocks;
    private int _operations;

    [Fact]
    public async Task Should_never_leave_a_job_in_the_wrong_place_or_a_counter_wrong()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("ORCHESTRATOR_SEED"), CultureInfo.InvariantCulture, out var given)
            ? given
            : Environment.TickCount;
        await using var place = await servers.CreatePlaceAsync();
        await using var services = new JobServices(place, ("Jobs:PressureMaxAge", "01:00:00"));
        for (var round = 0; round < Rounds; round++)
        {
            var random = new Random(unchecked(seed + round));
            var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var work = Enumerable.Range(0, random.Next(4, 12)).Select(_ => RunAsync(services, new Random(random.Next()), gate.Task)).ToList();
            gate.SetResult();
            await Task.WhenAll(work);
            await CheckAsync(services, place, $"seed {unchecked(seed + round)}");
            if (round % 20 == 19)
                await place.ExecuteAsync("DELETE FROM job WHERE random() < 0.9; DELETE FROM outbox; DELETE FROM resource_event");
        }

        output.WriteLine($"{Rounds} interleavings of {_operations} operations from seed {seed}: {_deadlocks} deadlocks, each tried again");
    }

    private async Task CheckAsync(JobServices services, Place place, string seed)
    {
        Assert.True(_mended.IsEmpty, $"{seed}, under load: {string.Join(", ", _mended)}");
        Assert.True(await place.ScalarAsync<long>(Violations) == 0, $"{seed}: the rows break the rules");
        var rest = await services.Reconciler.RunAsync(TestContext.Current.CancellationToken);
        Assert.True(rest.Mended == 0, $"{seed}, at rest: {rest}");
    }

    private async Task RunAsync(JobServices services, Random random, Task gate)
    {
        await gate;
        for (var step = random.Next(1, 4); step > 0; step--)
        {
            for (var turns = random.Next(0, 20); turns > 0; turns--)
                await Task.Yield();
            var (operation, seed) = (random.Next(0, 16), random.Next());
            while (!await TryAsync(services, operation, new Random(seed)))
                Interlocked.Increment(ref _deadlocks);
            Interlocked.Increment(ref _operations);
        }
    }

    private async Task<bool> TryAsync(JobServices services, int operation, Random random)
    {
        try
        {
            await OperateAsync(services, operation, random);
            return true;
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.DeadlockDetected)
        {
            return false;
        }
    }

    private async Task OperateAsync(JobServices services, int operation, Random random)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var (platform, name) = (Platforms[random.Next(Platforms.Length)], $"f{random.Next(4)}");
        switch (operation)
        {
            case < 7:
                await services.ApplyAsync(Enumerable.Range(0, random.Next(1, 25)).Select(_ => ((Guid?)Guid.CreateVersion7(), Change(random))), cancellationToken);
                return;
            case 7:
                await services.Upkeep.FoldAsync(cancellationToken);
                return;
            case 8:
                await services.Upkeep.AgeAsync(cancellationToken);
                return;
            case 9:
                var result = await services.Reconciler.RunAsync(cancellationToken);
                if (result.Mended > 0)
                    _mended.Add(result.ToString());
                return;
        }

        await using var transaction = await services.Transactions.BeginAsync(cancellationToken);
        await (operation switch
        {
            10 => services.Remover.DeleteAsync(transaction, platform, $"{random.Next(400)}", "test", cancellationToken),
            11 or 12 => services.Flavors.AddAsync(
                transaction,
                new AddFlavor { Platform = platform, Name = name, Labels = Some(random), Priority = random.Next(3), IsDisabled = random.Next(4) == 0 },
                "test", cancellationToken),
            13 => services.Flavors.DeleteAsync(transaction, platform, name, "test", cancellationToken),
            14 => services.Flavors.UpdateAsync(
                transaction, new UpdateFlavor { Platform = platform, Name = name, IsDisabled = random.Next(2) == 0 }, "test", cancellationToken),
            _ => services.Flavors.UpdateAsync(
                transaction, new UpdateFlavor { Platform = platform, Name = name, Labels = Some(random), Priority = random.Next(3) }, "test", cancellationToken),
        });
        await transaction.CommitAsync(cancellationToken);
    }

    // Ages lie around the bound, so that jobs cross it meanwhile.
    private static JobChange Change(Random random)
    {
        var kind = (JobEventKind)random.Next(0, 4);
        var now = TimeProvider.System.GetUtcNow();
        return new JobChange
        {
            Kind = kind,
            Platform = Platforms[random.Next(Platforms.Length)],
            Id = $"{random.Next(400)}",
            Labels = kind is JobEventKind.StartedWithoutLabels ? null : Some(random),
            CreatedAt = now.AddHours(-1).AddSeconds(random.Next(-3, 6)),
            StartedAt = kind is JobEventKind.Queued ? null : now,
            CompletedAt = kind is JobEventKind.Completed ? now : null,
        };
    }

    private static string[] Some(Random random) => [.. Labels.Where(_ => random.Next(2) == 0)];
}
