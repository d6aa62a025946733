using Microsoft.EntityFrameworkCore;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Instances;

/// <summary>A page of instances.</summary>
/// <param name="Instances">In the order of their ids, or the newest first.</param>
/// <param name="TotalCount">In all pages.</param>
public sealed record InstancePage(IReadOnlyList<InstanceState> Instances, long TotalCount);

/// <summary>Reads instances (seed: <c>list_instances_by_region</c>, <c>get_instance_by_id</c>, <c>get_running_instances</c>, the counts).</summary>
public sealed class InstanceReader(IDbContextFactory<OrchestratorDbContext> contexts)
{
    /// <summary>One instance, or null.</summary>
    public async Task<InstanceState?> ReadAsync(long id, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Instances.AsNoTracking().FirstOrDefaultAsync(instance => instance.Id == id, cancellationToken);
    }

    /// <summary>One instance, or null.</summary>
    public async Task<InstanceState?> ReadAsync(Guid guid, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Instances.AsNoTracking().FirstOrDefaultAsync(instance => instance.CorrelationId == guid, cancellationToken);
    }

    /// <summary>Those of several that there are, in the order of their ids.</summary>
    public async Task<IReadOnlyList<InstanceState>> ReadAsync(IReadOnlyCollection<long> ids, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Instances.AsNoTracking().Where(instance => ids.Contains(instance.Id)).OrderBy(instance => instance.Id).ToListAsync(cancellationToken);
    }

    /// <summary>
    /// A page of an app's instances by id. The ids of an app go up in the order in which its instances can be seen, so a
    /// page that was full stays as it is while others come.
    /// </summary>
    /// <param name="app">Of this app.</param>
    /// <param name="region">In this region only; null: all.</param>
    /// <param name="page">From 1.</param>
    /// <param name="perPage">Entries in a page.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<InstancePage> ListAsync(long app, long? region, int page, int perPage, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = db.Instances.AsNoTracking().Where(instance => instance.AppId == app && (region == null || instance.RegionId == region));
        var total = await found.LongCountAsync(cancellationToken);
        var skip = (page - 1L) * perPage;
        var instances = skip >= total ? [] : await found.OrderBy(instance => instance.Id).Skip((int)skip).Take(perPage).ToListAsync(cancellationToken);
        return new InstancePage(instances, total);
    }

    /// <summary>Every instance of an app that is meant to run, the newest first.</summary>
    public async Task<IReadOnlyList<InstanceState>> RunningAsync(long app, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await Running(db, app).AsNoTracking().OrderByDescending(instance => instance.Id).ToListAsync(cancellationToken);
    }

    /// <summary>A page of the instances of an app that are meant to run, the newest first.</summary>
    public async Task<InstancePage> RunningAsync(long app, int page, int perPage, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = Running(db, app).AsNoTracking();
        var total = await found.LongCountAsync(cancellationToken);
        var skip = (page - 1L) * perPage;
        var instances = skip >= total
            ? []
            : await found.OrderByDescending(instance => instance.CreatedAt).ThenByDescending(instance => instance.Id).Skip((int)skip).Take(perPage).ToListAsync(cancellationToken);
        return new InstancePage(instances, total);
    }

    public async Task<long> CountRunningAsync(long app, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await Running(db, app).LongCountAsync(cancellationToken);
    }

    /// <summary>All instances that there are, whatever their state.</summary>
    public async Task<long> CountAsync(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Instances.LongCountAsync(cancellationToken);
    }

    private static IQueryable<InstanceState> Running(OrchestratorDbContext db, long app) =>
        db.Instances.Where(instance => instance.AppId == app && instance.InstanceStatus == Intents.Running);
}
