using System.Globalization;
using System.Text;
using System.Text.Json;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Jobs;

/// <summary>Random permutations; the seed of a failure is in its message and repeats it with <c>ORCHESTRATOR_SEED</c>.</summary>
public sealed class When_deliveries_come_in_any_order(Servers servers, ITestOutputHelper output)
{
    private static readonly int Rounds = Environment.GetEnvironmentVariable("ORCHESTRATOR_LONG") is { Length: > 0 } ? 10_000 : 200;

    private static readonly DateTimeOffset Noon = new(2026, 11, 1, 12, 0, 0, TimeSpan.Zero);

    private const string Rows = """
        SELECT coalesce(string_agg(concat_ws(' ', platform, id, labels, created_at, is_created_at_guess, started_at, completed_at, raw, assigned_flavor, source, is_aged), E'\n'
                                   ORDER BY platform, id), '') FROM job
        """;

    [Fact]
    public async Task Should_come_to_the_same_rows_as_in_order()
    {
        var seed = Seed();
        await using var place = await servers.CreatePlaceAsync();
        await using var services = new JobServices(place);
        await place.ExecuteAsync("""
            INSERT INTO flavor (platform, name, labels, priority)
            SELECT platform, name, labels::text[], priority FROM unnest('{github,gitlab}'::text[]) platform,
                (VALUES ('small', '{a}', 3), ('big', '{a,b}', 2), ('huge', '{a,b,c}', 1)) f (name, labels, priority)
            """);
        for (var round = 0; round < Rounds; round++)
        {
            var random = new Random(unchecked(seed + round));
            var inOrder = Enumerable.Range(1, random.Next(1, 4)).SelectMany(job => Deliveries(services, random, job)).ToList();
            foreach (var change in inOrder)
                await services.ApplyAsync([(null, change)], TestContext.Current.CancellationToken);
            var expected = await place.ScalarAsync<string>(Rows);
            await place.ExecuteAsync("DELETE FROM job");

            var script = Shuffled(inOrder, random);
            foreach (var batch in script)
                await services.ApplyAsync(batch, TestContext.Current.CancellationToken);
            var actual = await place.ScalarAsync<string>(Rows);
            Assert.True(expected == actual, $"seed {unchecked(seed + round)}\n{Describe(script)}\nin order:\n{expected}\nthus:\n{actual}");
            Assert.Equal(0, (await services.Reconciler.RunAsync(TestContext.Current.CancellationToken)).Mended);
            await place.ExecuteAsync("DELETE FROM job; DELETE FROM inbox; DELETE FROM outbox; DELETE FROM resource_event");
        }

        output.WriteLine($"{Rounds} permutations from seed {seed}");
    }

    [Fact]
    public async Task Should_join_changes_to_the_same_whichever_comes_first()
    {
        var seed = Seed();
        await using var place = await servers.CreatePlaceAsync();
        await using var services = new JobServices(place);
        for (var round = 0; round < 10_000; round++)
        {
            var random = new Random(unchecked(seed + round));
            var changes = Deliveries(services, random, 1);
            var (a, b, c) = (changes[0], changes[random.Next(changes.Count)], changes[^1]);
            Assert.True(Text(a.Merge(b)) == Text(b.Merge(a)), $"commutative, seed {unchecked(seed + round)}");
            Assert.True(Text(a.Merge(b).Merge(c)) == Text(a.Merge(b.Merge(c))), $"associative, seed {unchecked(seed + round)}");
            Assert.True(Text(a.Merge(c).Merge(b)) == Text(b.Merge(a.Merge(c))), $"both, seed {unchecked(seed + round)}");
            Assert.True(Text(a.Merge(b).Merge(a)) == Text(a.Merge(b)), $"idempotent, seed {unchecked(seed + round)}");
        }
    }

    private static int Seed() => int.TryParse(Environment.GetEnvironmentVariable("ORCHESTRATOR_SEED"), CultureInfo.InvariantCulture, out var given)
        ? given
        : Environment.TickCount;

    /// <summary>What is told about one job: some of its life, once each, in order.</summary>
    private static List<JobChange> Deliveries(JobServices services, Random random, int job)
    {
        var all = random.Next(2) == 0 ? OfGithub(services, random, job) : OfBus(services, random, job);
        var some = all.Where(_ => random.Next(4) > 0).ToList();
        return some.Count > 0 ? some : all;
    }

    private static List<JobChange> OfGithub(JobServices services, Random random, int job)
    {
        string[] labels = ["self-hosted", .. Labels(random)];
        return [.. ((string[])["queued", "in_progress", "completed"]).Select(action => services.Github.Read(
            "workflow_job", Encoding.UTF8.GetBytes(Infrastructure.Deliveries.Body(job, action, labels)))!)];
    }

    private static List<JobChange> OfBus(JobServices services, Random random, int job)
    {
        var labels = Labels(random);
        var (platform, id) = ("gitlab", $"{job}");
        IReadOnlyList<string>? Known() => random.Next(2) == 0 ? labels : null;
        DateTimeOffset? Created() => random.Next(2) == 0 ? Noon : null;
        return
        [
            services.Changes.Of(new EnqueueJob { Platform = platform, Id = id, Labels = labels, CreatedAt = Noon, Raw = Raw(random, 1) }),
            // Told twice, with other times and another payload.
            services.Changes.Of(new EnqueueJob { Platform = platform, Id = id, Labels = labels, CreatedAt = Noon, Raw = Raw(random, 4) }),
            services.Changes.Of(new StartJob { Platform = platform, Id = id, StartedAt = Noon.AddSeconds(random.Next(60)), Labels = labels, CreatedAt = Created(), Raw = Raw(random, 5) }),
            services.Changes.Of(new CompleteJob { Platform = platform, Id = id, CompletedAt = Noon.AddSeconds(60 + random.Next(60)), CreatedAt = Created(), Raw = Raw(random, 6) }),
            services.Changes.Of(new StartJob { Platform = platform, Id = id, StartedAt = Noon.AddSeconds(30), Labels = Known(), CreatedAt = Created(), Raw = Raw(random, 2) }),
            services.Changes.Of(new CompleteJob
            {
                Platform = platform,
                Id = id,
                CompletedAt = Noon.AddSeconds(90),
                StartedAt = random.Next(2) == 0 ? Noon.AddSeconds(29) : null,
                Labels = Known(),
                CreatedAt = Created(),
                Raw = Raw(random, 3),
            }),
        ];
    }

    private static string[] Labels(Random random) => [.. ((string[])["a", "b", "c", "nobody-has-this"]).Where(_ => random.Next(3) > 0)];

    // Keys of its own, and keys that other messages set, too.
    private static JsonElement? Raw(Random random, int number) => random.Next(3) switch
    {
        0 => null,
        1 => JsonSerializer.SerializeToElement(new Dictionary<string, int>(StringComparer.Ordinal) { [$"own{number}"] = number }),
        _ => JsonSerializer.SerializeToElement(new Dictionary<string, int>(StringComparer.Ordinal) { ["shared"] = number, [$"shared{random.Next(2)}"] = number }),
    };

    /// <summary>Every change one to three times, some of them as repeats of one message, in batches of any size.</summary>
    private static List<List<(Guid? MessageId, JobChange Change)>> Shuffled(List<JobChange> changes, Random random)
    {
        var messages = new List<(Guid? MessageId, JobChange Change)>();
        foreach (var change in changes)
        {
            Guid? id = random.Next(2) == 0 ? Guid.CreateVersion7() : null;
            for (var times = random.Next(1, 4); times > 0; times--)
                messages.Add((random.Next(4) == 0 ? Guid.CreateVersion7() : id, change));
        }

        var shuffled = messages.ToArray();
        random.Shuffle(shuffled);
        var batches = new List<List<(Guid?, JobChange)>>();
        for (var at = 0; at < shuffled.Length;)
        {
            var size = random.Next(1, shuffled.Length - at + 1);
            batches.Add([.. shuffled[at..(at + size)]]);
            at += size;
        }

        return batches;
    }

    private static string Describe(List<List<(Guid? MessageId, JobChange Change)>> script) =>
        string.Join("\n--\n", script.Select(batch => string.Join('\n', batch.Select(message => $"{message.MessageId} {Text(message.Change)}"))));

    private static string Text(JobChange change)
    {
        var raw = change.Raw is null ? null : JsonSerializer.Deserialize<SortedDictionary<string, JsonElement>>(change.Raw);
        var ranks = new SortedDictionary<string, long>(change.RawRanks.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal);
        return JsonSerializer.Serialize(new
        {
            change.Kind,
            change.Platform,
            change.Id,
            change.Labels,
            change.CreatedAt,
            change.FirstTime,
            change.StartedAt,
            change.CompletedAt,
            raw,
            ranks,
        });
    }
}
