using Orchestrator.Contracts.Instances;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Sagas.Instances;
using Orchestrator.Sagas.Instances.Capacity;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Instances;

/// <summary>
/// The controller against random demand, failures, lost events and restarts. The test plays jobs and nodes; whatever
/// happened, looks alone must bring the instances to what is wanted.
/// </summary>
public sealed class When_capacity_follows_pressure(Servers servers)
{
    private const string Platform = "played";

    private static bool IsLong => Environment.GetEnvironmentVariable("ORCHESTRATOR_LONG") == "1";

    [Fact]
    public async Task Should_converge_from_any_state_and_never_stop_what_works()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var first = new InstanceServices(place, ("Instances:CoolDown", "00:00:00"));
        await using var second = new InstanceServices(place, ("Instances:CoolDown", "00:00:00"));
        await first.AddNodeAsync(milliCpus: 10_000_000);
        for (var round = 0; round < (IsLong ? 40 : 6); round++)
        {
            var play = new Play(first, [first.Get<CapacityController>(), second.Get<CapacityController>()], new Random(round), $"f{round}");
            await play.BeginAsync();
            for (var step = 0; step < 40; step++)
                await play.StepAsync();
            await play.ConvergeAsync();
        }
    }

    [Fact]
    public async Task Should_make_what_is_wanted_once_however_many_look_at_once()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var services = new InstanceServices(place);
        await services.AddNodeAsync(milliCpus: 10_000_000);
        var play = new Play(services, [services.Get<CapacityController>()], new Random(1), "once", minimum: 7, maximum: 7);
        await play.BeginAsync();
        await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => services.Get<CapacityController>().ReconcileAsync(flavors: null, InstanceServices.Stop)));
        Assert.Equal(7L, await place.ScalarAsync<long>("SELECT count(*) FROM instance"));
    }

    [Fact]
    public async Task Should_ask_an_idle_one_only_after_the_cool_down_and_keep_one_that_declines()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var services = new InstanceServices(place, ("Instances:CoolDown", "00:10:00"));
        await services.AddNodeAsync();
        var play = new Play(services, [services.Get<CapacityController>()], new Random(1), "cool", minimum: 1, maximum: 5);
        await play.BeginAsync();
        await play.LookAsync();
        await play.NodesWorkAsync(always: true);
        await place.ExecuteAsync("UPDATE flavor SET minimum_pressure = 0");
        await play.LookAsync();
        Assert.Equal(0L, await AskedAsync(place));
        await place.ExecuteAsync("INSERT INTO clock_skew (skew) VALUES (interval '11 minutes')");
        await play.LookAsync();
        Assert.Equal(1L, await AskedAsync(place));
        var guid = await place.ScalarAsync<Guid>("SELECT correlation_id FROM instance");
        await services.RaiseAsync(guid, m => m.Declined, new EndDeclined(1, CanAnswer: true));
        await play.LookAsync();
        Assert.Equal((Statuses.Running, 0L), ((await services.Reader.ReadAsync(guid, InstanceServices.Stop))!.Status, await AskedAsync(place)));

        static Task<long> AskedAsync(Place place) => place.ScalarAsync<long>("SELECT count(*) FROM placement WHERE goal = 'ask'");
    }

    [Fact]
    public async Task Should_get_by_with_whoever_ends_all_at_the_same_time()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var services = new InstanceServices(place, ("Instances:CoolDown", "00:00:00"));
        await services.AddNodeAsync(milliCpus: 10_000_000);
        var play = new Play(services, [services.Get<CapacityController>()], new Random(1), "both", minimum: 3, maximum: 9);
        await play.BeginAsync();
        await play.LookAsync();
        await play.NodesWorkAsync(always: true);
        await place.ExecuteAsync("UPDATE flavor SET minimum_pressure = 0");
        // The youngest has been idle the longest.
        await place.ExecuteAsync("UPDATE instance SET idle_since = idle_since - id * interval '1 minute'");
        var guids = await place.ScalarAsync<Guid[]>("SELECT array_agg(correlation_id ORDER BY correlation_id) FROM instance");
        Assert.Equal(3, guids.Length);

        // As AppTermination does: one after the other, in the order of their ids.
        await using var transaction = await services.Get<DurableTransactions>().BeginAsync(InstanceServices.Stop);
        await EndAsync(guids[0]);
        var look = play.LookAsync();
        await Wait.UntilAsync(
            () => place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"),
            "the controller waits");
        await EndAsync(guids[1]);
        await EndAsync(guids[2]);
        await transaction.CommitAsync(InstanceServices.Stop);
        await look;

        Assert.Equal(3L, await place.ScalarAsync<long>("SELECT count(*) FROM instance WHERE instance_status = 'terminated'"));

        Task EndAsync(Guid guid) => services.Sagas.RaiseAsync(
            transaction, guid, services.Sagas.Machine.Terminate, new TerminateInstance { InstanceId = guid }, "test", InstanceServices.Stop);
    }

    [Fact]
    public void Should_try_ever_more_slowly_what_fails_again_and_again()
    {
        var now = new DateTimeOffset(2026, 12, 4, 12, 0, 0, TimeSpan.Zero);
        foreach (var (failures, seconds) in (ReadOnlySpan<(int, int)>)[(1, 1), (2, 2), (5, 16), (30, 60)])
        {
            var state = new CapacityState { Desired = 3, Instances = [], FailuresInARow = failures, LastFailure = now, Now = now.AddSeconds(seconds - 0.01) };
            Assert.True(CapacityPlan.Of(state, TimeSpan.Zero).IsNothing);
            Assert.Equal(3, CapacityPlan.Of(state with { Now = now.AddSeconds(seconds) }, TimeSpan.Zero).Create);
        }
    }

    private sealed class Play(InstanceServices services, IReadOnlyList<CapacityController> controllers, Random random, string flavor, int minimum = 1, int maximum = 6)
    {
        private readonly HashSet<Guid> _working = [];

        /// <summary>A runner of one job takes no second one.</summary>
        private readonly HashSet<Guid> _served = [];
        private int _jobs;

        public async Task BeginAsync()
        {
            var app = await services.AddAppAsync();
            await using var transaction = await services.Get<DurableTransactions>().BeginAsync(InstanceServices.Stop);
            await services.Get<FlavorWriter>().AddAsync(
                transaction,
                new AddFlavor
                {
                    Platform = Platform,
                    Name = flavor,
                    Labels = [flavor],
                    MinimumPressure = minimum,
                    MaximumPressure = maximum,
                    Provision = new FlavorProvision { AppId = app, InstanceType = "small" },
                },
                "test", InstanceServices.Stop);
            await transaction.CommitAsync(InstanceServices.Stop);
        }

        public async Task StepAsync()
        {
            switch (random.Next(9))
            {
                case 0:
                    await AddJobsAsync(random.Next(1, 12));
                    break;
                case 1:
                    await NodesWorkAsync(always: false);
                    break;
                case 2 or 3:
                    await StartJobAsync();
                    break;
                case 4 or 5:
                    await EndJobAsync(random.Next(3) == 0);
                    break;
                case 6:
                    await FailOneAsync();
                    break;
                case 7:
                    await services.Upkeep.PlaceWaitingAsync(InstanceServices.Stop);
                    break;
                case 8:
                    await services.Place.ExecuteAsync("UPDATE flavor SET minimum_pressure = $2, maximum_pressure = $3 WHERE name = $1", flavor, random.Next(0, 3), random.Next(3, 7));
                    break;
            }

            // As often as not nobody hears of it.
            if (random.Next(2) == 0)
                await LookAsync();
            await ShouldBeSoundAsync();
        }

        public Task LookAsync() =>
            Task.WhenAll(controllers.Select(controller => controller.ReconcileAsync(random.Next(2) == 0 ? null : [(Platform, flavor)], InstanceServices.Stop)));

        public async Task ConvergeAsync()
        {
            for (var look = 0; ; look++)
            {
                // Failures in a row slow it down; the test does not wait for that.
                await services.Place.ExecuteAsync("UPDATE instance SET ended_at = ended_at - interval '20 minutes' WHERE flavor_name = $1 AND status = 'failed'", flavor);
                await controllers[look % controllers.Count].ReconcileAsync(flavors: null, InstanceServices.Stop);
                await NodesWorkAsync(always: true);
                await ShouldBeSoundAsync();
                var (wanted, active) = await CountAsync();
                if (wanted == active)
                    return;
                Assert.True(look < 30, $"After {look} looks {active} instead of {wanted}.");
            }
        }

        /// <summary>Nodes do what the claims say: start, end, and ask; with failures unless <paramref name="always"/>.</summary>
        public async Task NodesWorkAsync(bool always)
        {
            foreach (var (instance, goal, status) in await ClaimsAsync())
            {
                if (!always && random.Next(3) == 0)
                    continue;
                var attempt = await services.Place.ScalarAsync<int>("SELECT attempt FROM instance WHERE correlation_id = $1", instance);
                if (goal is "end")
                {
                    Assert.DoesNotContain(instance, _working);
                    await services.EndAsync(instance);
                }
                else if (goal is "ask" && _working.Contains(instance))
                {
                    await services.RaiseAsync(instance, m => m.Declined, new EndDeclined(attempt, CanAnswer: true));
                }
                else if (goal is "ask")
                {
                    await services.EndAsync(instance, Reasons.Exited, 0);
                }
                else if (status is Statuses.Provisioning && !always && random.Next(4) == 0)
                {
                    await services.EndAsync(instance, Reasons.StartFailed);
                }
                else if (status is Statuses.Provisioning)
                {
                    await services.RaiseAsync(instance, m => m.Started, new ProgramStarted(attempt, "1:1"));
                    await services.RaiseAsync(instance, m => m.Healthy, new HealthPassed(attempt));
                }
            }
        }

        private async Task AddJobsAsync(int count)
        {
            await services.Place.ExecuteAsync(
                "INSERT INTO job (platform, id, labels, created_at, assigned_flavor) SELECT $1, $2 || '-' || i, ARRAY[$2], now(), $2 FROM generate_series($3, $4) i",
                Platform, flavor, _jobs, _jobs + count - 1);
            _jobs += count;
        }

        // A runner takes a job: it works from now on, whether or not anybody has heard of it.
        private async Task StartJobAsync()
        {
            var runner = (await ClaimsAsync()).Find(claim => claim.Status is Statuses.Running && claim.Goal is "run" or "ask" && !_served.Contains(claim.Instance));
            if (runner.Instance == Guid.Empty || runner.Status is not Statuses.Running)
                return;
            var job = await services.Place.ScalarAsync<string>("SELECT id FROM job WHERE assigned_flavor = $1 AND started_at IS NULL LIMIT 1", flavor);
            if (job is null)
                return;
            _working.Add(runner.Instance);
            _served.Add(runner.Instance);
            await services.Place.ExecuteAsync(
                "UPDATE job SET started_at = now(), raw = jsonb_build_object('in_progress', jsonb_build_object('workflow_job', jsonb_build_object('runner_name', $2::text))) WHERE platform = $3 AND id = $1",
                job, runner.Instance.ToString(), Platform);
            if (random.Next(2) == 0)
                await services.Get<RunnerBindings>().LookAsync([(Platform, job)], InstanceServices.Stop);
        }

        private async Task EndJobAsync(bool unheard)
        {
            var job = await services.Place.ScalarAsync<string>("SELECT id FROM job WHERE assigned_flavor = $1 AND started_at IS NOT NULL AND completed_at IS NULL LIMIT 1", flavor);
            if (job is null)
                return;
            var runner = Guid.Parse(await services.Place.ScalarAsync<string>("SELECT raw #>> '{in_progress,workflow_job,runner_name}' FROM job WHERE id = $1", job));
            await services.Place.ExecuteAsync("UPDATE job SET completed_at = now() WHERE platform = $2 AND id = $1", job, Platform);
            _working.Remove(runner);
            if (!unheard)
                await services.Get<RunnerBindings>().LookAsync([(Platform, job)], InstanceServices.Stop);
        }

        // A program or a node dies with what it does.
        private async Task FailOneAsync()
        {
            var claims = await ClaimsAsync();
            if (claims.Count == 0)
                return;
            var (instance, _, _) = claims[random.Next(claims.Count)];
            _working.Remove(instance);
            await services.EndAsync(instance, random.Next(2) == 0 ? Reasons.Exited : Reasons.NodeLost, 1);
        }

        private async Task ShouldBeSoundAsync()
        {
            var alive = await services.Place.ScalarAsync<long>("SELECT count(*) FROM instance WHERE flavor_name = $1 AND status IN ('provisioning', 'running', 'stopping')", flavor);
            Assert.True(alive <= 6, $"{alive} at once.");
            foreach (var (instance, goal, _) in await ClaimsAsync())
                Assert.False(goal is "end" && _working.Contains(instance), "One that works is being ended.");
        }

        private async Task<(long Wanted, long Active)> CountAsync() => (
            await services.Place.ScalarAsync<long>("SELECT greatest(pressure, (SELECT count(*) FROM instance WHERE flavor_name = $1 AND status = 'running' AND job_id IS NOT NULL)) FROM flavor_pressure WHERE name = $1", flavor),
            await services.Place.ScalarAsync<long>("SELECT count(*) FROM instance WHERE flavor_name = $1 AND status IN ('provisioning', 'running', 'stopping') AND instance_status = 'running'", flavor));

        private async Task<List<(Guid Instance, string Goal, string Status)>> ClaimsAsync()
        {
            await using var command = services.Place.Source.CreateCommand("SELECT p.instance, p.goal, i.status FROM placement p JOIN instance i ON i.correlation_id = p.instance WHERE i.flavor_name = $1 ORDER BY i.id");
            command.Parameters.Add(new() { Value = flavor });
            var claims = new List<(Guid, string, string)>();
            await using var reader = await command.ExecuteReaderAsync(InstanceServices.Stop);
            while (await reader.ReadAsync(InstanceServices.Stop))
                claims.Add((reader.GetGuid(0), reader.GetString(1), reader.GetString(2)));
            return claims;
        }
    }
}
