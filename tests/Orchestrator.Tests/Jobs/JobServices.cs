using Microsoft.Extensions.Hosting;
using Npgsql;
using Orchestrator.Sagas.Hosting;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Jobs;

/// <summary>The hosts' own services on a place's database, without a bus and without anything running.</summary>
public sealed class JobServices : IAsyncDisposable
{
    private readonly IHost _host;

    public JobServices(Place place, params (string Key, string Value)[] settings)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings.Append(("ConnectionStrings:Postgres", place.ConnectionString))
            .Append(("ConnectionStrings:RabbitMq", place.Amqp.AbsoluteUri))
            .ToDictionary(setting => setting.Item1, setting => (string?)setting.Item2, StringComparer.Ordinal));
        builder.Logging.ClearProviders();
        builder.AddOrchestratorCore("test");
        _host = builder.Build();
    }

    public DurableTransactions Transactions => Get<DurableTransactions>();

    public JobWriter Writer => Get<JobWriter>();

    public FlavorWriter Flavors => Get<FlavorWriter>();

    public JobRemover Remover => Get<JobRemover>();

    public PressureUpkeep Upkeep => Get<PressureUpkeep>();

    public AssignmentReconciler Reconciler => Get<AssignmentReconciler>();

    public JobChanges Changes => Get<JobChanges>();

    public GithubDelivery Github => Get<GithubDelivery>();

    public NpgsqlDataSource Source => Get<NpgsqlDataSource>();

    /// <summary>Writes the changes in one transaction, those of one job joined first, as a consumer's batch is.</summary>
    public async Task<List<JobOutcome>> ApplyAsync(IEnumerable<(Guid? MessageId, JobChange Change)> batch, CancellationToken cancellationToken)
    {
        var changes = new List<JobChange>();
        var receipts = new List<(Guid?, int)>();
        foreach (var (messageId, change) in batch)
        {
            var at = changes.FindIndex(c => c.Platform == change.Platform && c.Id == change.Id);
            if (at < 0)
            {
                at = changes.Count;
                changes.Add(change);
            }
            else
            {
                changes[at] = changes[at].Merge(change);
            }

            receipts.Add((messageId, at));
        }

        await using var transaction = await Transactions.BeginAsync(cancellationToken);
        var outcomes = await Writer.ApplyAsync(transaction, changes, receipts, "test", new string?[changes.Count], cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return outcomes;
    }

    public async ValueTask DisposeAsync()
    {
        // Disposing the host's services in the order of their making.
        if (_host is IAsyncDisposable host)
            await host.DisposeAsync();
    }

    private T Get<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();
}
