using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Clones;

/// <summary>A clone that keeps a snapshot from being deleted.</summary>
public sealed record SnapshotClone(string Id, bool IsProtected);

/// <summary>Looks for the clones of a snapshot.</summary>
public sealed class SnapshotClones
{
    /// <summary>All of them, by id. One that is fatal counts too, until it is deleted.</summary>
    public async Task<IReadOnlyList<SnapshotClone>> OfAsync(
        DurableTransaction transaction, string snapshotId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command("""
            SELECT id, state <> 'Fatal' AND is_protected AND (protected_till IS NULL OR protected_till > $2)
            FROM clone WHERE snapshot_id = $1 ORDER BY id
            """, snapshotId, now));
        var found = new List<SnapshotClone>();
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            found.Add(new SnapshotClone(reader.GetString(0), reader.GetBoolean(1)));
        return found;
    }
}
