using MassTransit;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Contracts.Actions;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Hosting;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Tests.Infrastructure;
using Orchestrator.Workers.Actions;
using Orchestrator.Workers.Jobs;

namespace Orchestrator.Tests.Actions;

/// <summary>One worker in this process for the tests that leave it alone: each registers actions of its own.</summary>
[CollectionDefinition(nameof(SharedActions))]
public sealed class SharedActionsCollection : ICollectionFixture<SharedActions>;

/// <inheritdoc cref="SharedActionsCollection"/>
public sealed class SharedActions(Servers servers) : IAsyncLifetime
{
    private ActionsHost? _host;

    public Place Place { get; private set; } = null!;

    public ActionsHost Host => _host!;

    public async ValueTask InitializeAsync()
    {
        Place = await servers.CreatePlaceAsync();
        _host = await ActionsHost.StartAsync(Place);
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
        if (Place is not null)
            await Place.DisposeAsync();
    }
}

/// <summary>A worker of ours in this process, with whatever actions a test gives it.</summary>
public sealed class ActionsHost : IAsyncDisposable
{
    private readonly IHost _host;

    private ActionsHost(IHost host) => _host = host;

    public IServiceProvider Services => _host.Services;

    public IBus Bus => Services.GetRequiredService<IBus>();

    public ActionRegistry Registry => Services.GetRequiredService<ActionRegistry>();

    public DeploymentReader Deployments => Services.GetRequiredService<DeploymentReader>();

    public static async Task<ActionsHost> StartAsync(Place place, params (string Key, string Value)[] settings)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ConnectionStrings:Postgres"] = place.ConnectionString,
            ["ConnectionStrings:RabbitMq"] = place.Amqp.AbsoluteUri,
        });
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        builder.AddOrchestratorCore("test");
        builder.Services.AddSingleton<SingleMessage>();
        builder.Services.AddActionWorker(builder.Configuration);
        new Guide.MachineActions().AddActions(builder.Services);
        builder.Services.AddOrchestratorBus(bus => bus.AddActionConsumers());
        // MassTransit keeps the first factory it sees for the whole process; one of a host's own would die with it.
        builder.Services.Replace(ServiceDescriptor.Singleton<ILoggerFactory>(NullLoggerFactory.Instance));
        var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        return new ActionsHost(host);
    }

    /// <summary>A name that no other test uses.</summary>
    public static string NewName(string what = "action") => $"{what}-{Guid.CreateVersion7():N}";

    /// <summary>Registers an action under a name of its own.</summary>
    public ActionDefinition Register(Action<ActionBuilder> build)
    {
        var builder = new ActionBuilder(NewName());
        build(builder);
        var action = builder.Build();
        Registry.Register(action);
        return action;
    }

    /// <summary>Begins a deployment as the bus command does, and gives its id.</summary>
    public async Task<Guid> BeginAsync(ActionDefinition action, object? input = null, string? application = null)
    {
        var id = Guid.CreateVersion7();
        await SendAsync(new ExecuteAction
        {
            DeploymentId = id,
            Application = application ?? (action.Key.Application.Length == 0 ? null : action.Key.Application),
            Action = action.Key.Name,
            GroupId = "group",
            Input = input is null ? null : System.Text.Json.JsonSerializer.SerializeToElement(input, input.GetType(), DataTypes.Json),
        });
        return id;
    }

    /// <summary>Sends a command by the bus.</summary>
    public async Task SendAsync<T>(T command)
        where T : class
    {
        await using var transaction = await Services.GetRequiredService<DurableTransactions>().BeginAsync(TestContext.Current.CancellationToken);
        transaction.Publish(Envelope.Command(command, TimeProvider.System.GetUtcNow()));
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Runs an action to its end.</summary>
    public async Task<Deployment> RunAsync(ActionDefinition action, object? input = null, string? application = null) =>
        await FinishedAsync(await BeginAsync(action, input, application));

    public Task<Deployment> FinishedAsync(Guid id) => ReachedAsync(id, deployment => deployment.Status is DeploymentStatus.Finished, "finished");

    public async Task<Deployment> ReachedAsync(Guid id, Func<Deployment, bool> isThere, string what) =>
        (await Wait.ForAsync(
            () => Deployments.ReadAsync(id, TestContext.Current.CancellationToken), deployment => deployment is not null && isThere(deployment), what))!;

    public async Task<IReadOnlyList<(string Job, string Error)>> ErrorsAsync(Guid id) =>
        [.. (await Deployments.ErrorsAsync(id, job: null, 0, 1000, TestContext.Current.CancellationToken)).Select(row => (row.Job, row.Error))];

    public async Task<IReadOnlyList<string>> TimelineAsync(Guid id)
    {
        var lines = await Services.GetRequiredService<Timelines>()
            .ReadAsync(new TimelinePosition(DeploymentEngine.Kind, id.ToString(), 0), 1000, TestContext.Current.CancellationToken);
        return [.. lines.Select(line => $"{line.What} {line.Reason}")];
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        if (_host is IAsyncDisposable host)
            await host.DisposeAsync();
    }
}
