using System.Text.Json;
using Orchestrator.Local.Servers;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Tests.Chaos;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Actions;

/// <summary>
/// The crash matrix: six jobs forward, six handlers backward, and at each of them every place where something has just
/// been, or is just about to be, committed or published.
/// </summary>
[Collection(nameof(ChaosCollection))]
public sealed class When_a_worker_is_killed_at_any_boundary(Servers servers)
{
    private const int Steps = 12;

    /// <summary>The seven before the last of the deployment's messages that a worker publishes: it runs twelve steps and ends.</summary>
    private static readonly string[] Points =
        [FailPoint.JobClaimed, FailPoint.JobDataStored, FailPoint.JobDone, FailPoint.JobReported, FailPoint.AfterCommit, FailPoint.AfterPublish];

    private static readonly string[] Dose = ChaosCollection.IsLong
        ? [.. Points.SelectMany(point => Enumerable.Range(1, Steps).Select(n => $"{point}:{n}"))]
        :
        [
            $"{FailPoint.JobClaimed}:3", $"{FailPoint.JobDataStored}:9", $"{FailPoint.JobDone}:6", $"{FailPoint.JobReported}:12", $"{FailPoint.AfterCommit}:4",
        ];

    [Fact]
    public async Task Should_leave_the_same_rows_effects_and_errors_as_an_uninterrupted_run()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var ledger = await Ledger.StartAsync();
        await using var api = await Host.StartApiAsync(place);
        ledger.Refuse("run six");
        var run = new CrashRun(place, api, ledger);
        var expected = await run.UninterruptedAsync();
        var slowest = TimeSpan.Zero;

        foreach (var point in Dose)
        {
            var (left, recovery) = await run.WithKillAsync(point);
            Assert.True(string.Equals(expected, left, StringComparison.Ordinal), $"{point}: expected\n{expected}\nbut left\n{left}");
            slowest = recovery > slowest ? recovery : slowest;
        }

        var line = JsonSerializer.Serialize(new { Run = "crash matrix", Kills = Dose.Length, SlowestRecovery = slowest.TotalSeconds });
        TestContext.Current.TestOutputHelper?.WriteLine(line);
        await File.AppendAllTextAsync(Checkout.RunDirectory("test", "chaos.jsonl"), $"{line}\n", TestContext.Current.CancellationToken);
        Assert.InRange(slowest, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }
}
