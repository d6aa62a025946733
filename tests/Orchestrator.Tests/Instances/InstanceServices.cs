using MassTransit;
using Microsoft.Extensions.Hosting;
using Orchestrator.Contracts.Instances;
using Orchestrator.Sagas.Hosting;
using Orchestrator.Sagas.Instances;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Instances;

/// <summary>The hosts' own services on a place's database, without a bus and without a node: tests say what nodes would.</summary>
public sealed class InstanceServices : IAsyncDisposable
{
    private readonly IHost _host;

    public InstanceServices(Place place, params (string Key, string Value)[] settings)
    {
        Place = place;
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings.Append(("ConnectionStrings:Postgres", place.ConnectionString))
            .Append(("ConnectionStrings:RabbitMq", place.Amqp.AbsoluteUri))
            .ToDictionary(setting => setting.Item1, setting => (string?)setting.Item2, StringComparer.Ordinal));
        builder.Logging.ClearProviders();
        builder.AddOrchestratorCore("test");
        _host = builder.Build();
    }

    public Place Place { get; }

    public InstanceSagas Sagas => Get<InstanceSagas>();

    public InstanceReader Reader => Get<InstanceReader>();

    public InstanceUpkeep Upkeep => Get<InstanceUpkeep>();

    public NodeTable Nodes => Get<NodeTable>();

    public AppTermination Termination => Get<AppTermination>();

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    public T Get<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();

    /// <summary>An app with a name of its own; gives its id.</summary>
    public Task<long> AddAppAsync(string restartPolicy = """{"mode":"no"}""", string ports = "{}") => Place.ScalarAsync<long>(
        "INSERT INTO app (name, command, restart_policy, ports) VALUES ($1, '{/bin/true}', $2::text::jsonb, $3::text::int[]) RETURNING id", $"a{Guid.CreateVersion7():N}", restartPolicy, ports);

    /// <summary>A node that lives for a day, unless the test ends it.</summary>
    public async Task<string> AddNodeAsync(int milliCpus = 1_000_000, string regions = "{}", string machine = "m")
    {
        var name = $"n{Guid.CreateVersion7():N}";
        await Place.ExecuteAsync(
            """
            INSERT INTO node (name, incarnation, state, machine, runtime, regions, milli_cpus, memory_mib, disk_mib, lease_until)
            VALUES ($1, 1, 'active', $4, 'process', $3::text::text[], $2, 1000000000, 1000000000, now() + interval '1 day')
            """, name, milliCpus, regions, machine);
        return name;
    }

    public async Task<InstanceOutcome> ProvisionAsync(long app, string type = "small", long? region = null, Guid? guid = null)
    {
        await using var transaction = await Get<DurableTransactions>().BeginAsync(Stop);
        var outcome = await Sagas.ProvisionAsync(
            transaction, new ProvisionInstance { InstanceId = guid ?? Guid.CreateVersion7(), AppId = app, InstanceType = type, RegionId = region }, "test", Stop);
        if (outcome.Refusal is null)
            await transaction.CommitAsync(Stop);
        return outcome;
    }

    /// <summary>Raises an event and commits, unless it is refused.</summary>
    public async Task<InstanceOutcome> RaiseAsync<T>(Guid instance, Func<InstanceStateMachine, Event<T>> @event, T message)
        where T : class
    {
        await using var transaction = await Get<DurableTransactions>().BeginAsync(Stop);
        var outcome = await Sagas.CommandAsync(transaction, instance, @event(Sagas.Machine), message, nonce: null, "test", Stop);
        if (outcome.Refusal is null)
            await transaction.CommitAsync(Stop);
        return outcome;
    }

    /// <summary>Says what a node says when nothing runs of the instance any more.</summary>
    public async Task EndAsync(Guid instance, string code = Reasons.Ended, int? exitCode = null)
    {
        await Place.ExecuteAsync("DELETE FROM placement WHERE instance = $1", instance);
        var attempt = await Place.ScalarAsync<int>("SELECT attempt FROM instance WHERE correlation_id = $1", instance);
        await RaiseAsync(instance, machine => machine.Ended, new ProgramEnded(attempt, code, code) { ExitCode = exitCode });
    }

    /// <summary>A new instance that was brought to a state as its node and its users would bring it there.</summary>
    public async Task<InstanceState> InAsync(string status, long app)
    {
        var guid = (await ProvisionAsync(app)).Instance!.CorrelationId;
        if (status is not Statuses.Provisioning)
        {
            await RaiseAsync(guid, machine => machine.Started, new ProgramStarted(1, "1:1"));
            await RaiseAsync(guid, machine => machine.Healthy, new HealthPassed(1));
        }

        if (status is Statuses.Stopping or Statuses.Stopped)
            await RaiseAsync(guid, machine => machine.Update, new UpdateInstance { InstanceId = guid, InstanceStatus = Intents.Stopped });
        if (status is Statuses.Terminated)
            await RaiseAsync(guid, machine => machine.Terminate, new TerminateInstance { InstanceId = guid });
        if (status is Statuses.Stopped or Statuses.Terminated)
            await EndAsync(guid);
        if (status is Statuses.Failed)
            await EndAsync(guid, Reasons.Exited, 1);
        var instance = (await Reader.ReadAsync(guid, Stop))!;
        Assert.Equal(status, instance.Status);
        return instance;
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is IAsyncDisposable host)
            await host.DisposeAsync();
    }
}

/// <summary>One database for the tests that need no host.</summary>
[CollectionDefinition(nameof(SharedInstances))]
public sealed class SharedInstancesCollection : ICollectionFixture<SharedInstances>;

/// <inheritdoc cref="SharedInstancesCollection"/>
public sealed class SharedInstances(Servers servers) : IAsyncLifetime
{
    private Place _place = null!;

    public InstanceServices Services { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _place = await servers.CreatePlaceAsync();
        Services = new InstanceServices(_place);
    }

    public async ValueTask DisposeAsync()
    {
        if (Services is not null)
            await Services.DisposeAsync();
        if (_place is not null)
            await _place.DisposeAsync();
    }
}
