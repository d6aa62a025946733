using Microsoft.EntityFrameworkCore;
using Npgsql;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Persistence.SagaStorage;

namespace Orchestrator.Sagas.Clones;

/// <summary>A clone with what is shown beside it.</summary>
/// <param name="State">The clone.</param>
/// <param name="Snapshot">Its snapshot; null when that was taken from under a fatal one.</param>
/// <param name="Measure">Null before its host has looked at it.</param>
public sealed record CloneView(CloneState State, SnapshotState? Snapshot, CloneMeasure? Measure);

/// <summary>A snapshot and the ids of its clones.</summary>
public sealed record SnapshotView(SnapshotState Snapshot, IReadOnlyList<string> Clones);

/// <summary>Reads clones and snapshots as they are committed, or as a transaction sees them.</summary>
public sealed class CloneReader(
    IDbContextFactory<OrchestratorDbContext> contexts, SagaDbContexts<OrchestratorDbContext> within, NpgsqlDataSource source)
{
    /// <summary>Whether there is a clone of that id.</summary>
    public async Task<bool> ExistsAsync(string id, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Set<CloneState>().AnyAsync(clone => clone.Id == id, cancellationToken);
    }

    /// <summary>One clone, or null.</summary>
    public async Task<CloneView?> ReadAsync(string id, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await Views(context, context.Set<CloneState>().Where(clone => clone.Id == id)).FirstOrDefaultAsync(cancellationToken);
    }

    /// <summary>One clone as a transaction sees it, or null.</summary>
    public async Task<CloneView?> ReadAsync(DurableTransaction transaction, string id, CancellationToken cancellationToken)
    {
        await using var context = within.Within(transaction);
        return await Views(context, context.Set<CloneState>().Where(clone => clone.Id == id)).FirstOrDefaultAsync(cancellationToken);
    }

    /// <summary>One snapshot as a transaction sees it, without its clones; or null.</summary>
    public async Task<SnapshotView?> ReadSnapshotAsync(DurableTransaction transaction, string id, CancellationToken cancellationToken)
    {
        await using var context = within.Within(transaction);
        return await context.Set<SnapshotState>().AsNoTracking().FirstOrDefaultAsync(snapshot => snapshot.Id == id, cancellationToken) is { } found
            ? new SnapshotView(found, [])
            : null;
    }

    /// <summary>All clones, the newest first.</summary>
    public async Task<IReadOnlyList<CloneView>> ListAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var views = await Views(context, context.Set<CloneState>()).ToListAsync(cancellationToken);
        return [.. views.OrderByDescending(view => view.State.CreatedAt).ThenBy(view => view.State.Id, StringComparer.Ordinal)];
    }

    /// <summary>One snapshot, be it usable or not; or null.</summary>
    public async Task<SnapshotView?> ReadSnapshotAsync(string id, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        if (await context.Set<SnapshotState>().AsNoTracking().FirstOrDefaultAsync(snapshot => snapshot.Id == id, cancellationToken) is not { } found)
            return null;
        var clones = await context.Set<CloneState>().Where(clone => clone.SnapshotId == id).OrderBy(clone => clone.Id).Select(clone => clone.Id)
            .ToListAsync(cancellationToken);
        return new SnapshotView(found, clones);
    }

    /// <summary>The snapshots that can be cloned, the newest first.</summary>
    public async Task<IReadOnlyList<SnapshotView>> ListSnapshotsAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await context.Set<SnapshotState>().AsNoTracking()
            .Where(snapshot => snapshot.State == nameof(SnapshotStateMachine.Ready))
            .OrderByDescending(snapshot => snapshot.DataStateAt).ThenByDescending(snapshot => snapshot.CreatedAt).ThenBy(snapshot => snapshot.Id)
            .ToListAsync(cancellationToken);
        var clones = (await context.Set<CloneState>().OrderBy(clone => clone.Id).Select(clone => new { clone.SnapshotId, clone.Id }).ToListAsync(cancellationToken))
            .ToLookup(clone => clone.SnapshotId, clone => clone.Id, StringComparer.Ordinal);
        return [.. found.Select(snapshot => new SnapshotView(snapshot, [.. clones[snapshot.Id]]))];
    }

    /// <summary>The newest snapshots that were asked for, in whatever state, one of each source and kind.</summary>
    public async Task<IReadOnlyList<SnapshotState>> ListLastAskedAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Set<SnapshotState>().AsNoTracking().OrderByDescending(snapshot => snapshot.CreatedAt).Take(20).ToListAsync(cancellationToken);
    }

    /// <summary>The mean time of finished creations in seconds, 0 when there is none, and the database's time.</summary>
    public async Task<(double ExpectedSeconds, DateTimeOffset Now)> ReadPaceAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("SELECT coalesce(avg(seconds), 0), database_now() FROM clone_creation");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetDouble(0), reader.GetFieldValue<DateTimeOffset>(1));
    }

    private static IQueryable<CloneView> Views(OrchestratorDbContext context, IQueryable<CloneState> clones) =>
        from clone in clones.AsNoTracking()
        join snapshot in context.Set<SnapshotState>().AsNoTracking() on clone.SnapshotId equals snapshot.Id into snapshots
        from snapshot in snapshots.DefaultIfEmpty()
        join measure in context.Set<CloneMeasure>().AsNoTracking() on clone.CorrelationId equals measure.CloneId into measures
        from measure in measures.DefaultIfEmpty()
        select new CloneView(clone, snapshot, measure);
}
