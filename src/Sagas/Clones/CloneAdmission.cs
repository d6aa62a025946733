using System.Globalization;
using Microsoft.Extensions.Options;
using NpgsqlTypes;
using Orchestrator.Contracts.Clones;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Persistence.SagaStorage;

namespace Orchestrator.Sagas.Clones;

/// <summary>Where a clone goes.</summary>
/// <param name="SnapshotKey">Of the saga of the snapshot.</param>
/// <param name="SnapshotId">What users call it.</param>
/// <param name="HostId">The host that has it.</param>
/// <param name="DbName">The database that the snapshot was made for.</param>
/// <param name="Now">On the database's clock.</param>
public sealed record ClonePlace(Guid SnapshotKey, string SnapshotId, string HostId, string? DbName, DateTimeOffset Now);

/// <summary>
/// Decides whether a clone can be made, before anything is: there is a snapshot, its host lives, has the disk space and a
/// port. The decisions of one host are made one after the other, and against the deletion of the snapshot.
/// </summary>
public sealed class CloneAdmission(IOptions<CloneOptions> options)
{
    /// <summary>What a thin clone is expected to take at first.</summary>
    private const long ThinCloneSize = 32L << 20;

    private const int Attempts = 5;

    private static readonly string Find = $"""
        SELECT s.correlation_id, s.id, s.host_id, s.db_name, {CloneHosts.IsAlive} AS is_alive
        FROM clone_snapshot s JOIN clone_host h ON h.id = s.host_id
        WHERE s.state = 'Ready' AND ($1::text IS NULL OR s.id = $1) AND ($2::timestamptz IS NULL OR s.data_state_at <= $2)
              AND ($3::text IS NULL OR s.host_id = $3)
        ORDER BY is_alive DESC, s.data_state_at DESC, s.created_at DESC LIMIT 1
        """;

    private const string Room = """
        SELECT s.logical_size, h.is_thin, h.disk_free, h.disk_reserve, h.ports, h.address,
               count(c.*) FILTER (WHERE c.state <> 'Fatal' OR c.is_stored) AS ports_taken,
               count(c.*) FILTER (WHERE c.state IN ('Creating', 'Resetting')) AS at_work,
               database_now()
        FROM clone_snapshot s JOIN (SELECT * FROM clone_host WHERE id = $2 FOR UPDATE) h ON h.id = s.host_id
        LEFT JOIN clone c ON c.host_id = h.id
        WHERE s.correlation_id = $1 AND s.state = 'Ready'
        GROUP BY s.logical_size, h.is_thin, h.disk_free, h.disk_reserve, h.ports, h.address
        """;

    /// <summary>A place for a clone of a snapshot, given as its id or as a time, or of the newest one.</summary>
    /// <exception cref="CloneRefusedException">There is none.</exception>
    public async Task<ClonePlace> AdmitAsync(DurableTransaction transaction, string? snapshot, CancellationToken cancellationToken)
    {
        var isTime = Rfc3339.TryParse(snapshot ?? "", out var time);
        return await AdmitAsync(transaction, isTime ? null : snapshot, isTime ? time : null, hostId: null, needsPort: true, cancellationToken)
            ?? throw (snapshot is null
                ? new CloneRefusedException(CloneCodes.NoSnapshot, "There is no snapshot yet to make a clone of.")
                : new CloneRefusedException(CloneCodes.UnknownSnapshot, isTime ? $"There is no snapshot that is not later than {snapshot}." : $"There is no snapshot {snapshot}."));
    }

    /// <summary>The snapshot that a clone is reset to; it must be where the clone is.</summary>
    /// <exception cref="CloneRefusedException">There is none.</exception>
    public async Task<ClonePlace> AdmitResetAsync(DurableTransaction transaction, CloneState clone, ResetClone command, CancellationToken cancellationToken)
    {
        var id = command.IsLatest ? null : command.SnapshotId ?? clone.SnapshotId;
        return await AdmitAsync(transaction, id, notAfter: null, clone.HostId, needsPort: false, cancellationToken)
            ?? throw new CloneRefusedException(CloneCodes.UnknownSnapshot, $"There is no snapshot {id} on the host of clone {clone.Id}.");
    }

    /// <summary>The time, and whether a host has been away for so long that it is given up.</summary>
    public async Task<(DateTimeOffset Now, bool IsLost)> LookAtHostAsync(DurableTransaction transaction, string hostId, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command($"""
            SELECT database_now(), coalesce((SELECT NOT {CloneHosts.IsAlive} AND now() - h.seen_at > $2 FROM clone_host h WHERE h.id = $1), true)
            """, hostId, options.Value.HostLossTimeout));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetFieldValue<DateTimeOffset>(0), reader.GetBoolean(1));
    }

    private async Task<ClonePlace?> AdmitAsync(
        DurableTransaction transaction, string? id, DateTimeOffset? notAfter, string? hostId, bool needsPort, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (await FindAsync(transaction, id, notAfter, hostId, cancellationToken) is not { } found)
                return null;
            if (!found.IsAlive)
                throw new CloneRefusedException(CloneCodes.NoCloneHost, $"The host of snapshot {found.Place.SnapshotId} is away.");
            // It may have been deleted until its lock was ours: then another one may do.
            if (await DemandRoomAsync(transaction, found.Place, needsPort, cancellationToken) is { } now)
                return found.Place with { Now = now };
        }

        return null;
    }

    private static async Task<(ClonePlace Place, bool IsAlive)?> FindAsync(
        DurableTransaction transaction, string? id, DateTimeOffset? notAfter, string? hostId, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(
            Find, Sql.Typed(NpgsqlDbType.Text, id), Sql.Typed(NpgsqlDbType.TimestampTz, notAfter?.ToUniversalTime()), Sql.Typed(NpgsqlDbType.Text, hostId)));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        var dbName = await reader.IsDBNullAsync(3, cancellationToken) ? null : reader.GetString(3);
        return (new ClonePlace(reader.GetGuid(0), reader.GetString(1), reader.GetString(2), dbName, default), reader.GetBoolean(4));
    }

    // Null when the snapshot is no longer there.
    private static async Task<DateTimeOffset?> DemandRoomAsync(DurableTransaction transaction, ClonePlace place, bool needsPort, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(SagaLock.Take(SnapshotState.SagaName, place.SnapshotKey));
        batch.BatchCommands.Add(Sql.Command(Room, place.SnapshotKey, place.HostId));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        var (ports, taken, atWork) = (reader.GetInt32(4), reader.GetInt64(6), reader.GetInt64(7));
        if (needsPort && taken >= ports)
            throw new CloneRefusedException(CloneCodes.NoFreePort, $"All {ports} ports for clones are taken.");
        var need = reader.GetBoolean(1) ? ThinCloneSize : reader.GetInt64(0);
        var (free, reserve) = (reader.GetInt64(2), reader.GetInt64(3));
        if (free - (need * (atWork + 1)) < reserve)
        {
            throw new CloneRefusedException(CloneCodes.NotEnoughDiskSpace, string.Create(
                CultureInfo.InvariantCulture,
                $"A clone takes {MiB(need)} MiB{(atWork > 0 ? $" beside {atWork} that are being made" : "")}; {MiB(free)} MiB are free, and {MiB(reserve)} MiB must stay so."));
        }

        return reader.GetFieldValue<DateTimeOffset>(8);
    }

    private static long MiB(long bytes) => bytes >> 20;
}
