using Npgsql;
using NpgsqlTypes;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Instances;

/// <summary>A lease of an instance: while it lasts, only who shows its nonce may write.</summary>
public sealed record InstanceLease(Guid Nonce, string Owner, string? Description, DateTimeOffset ExpiresAt);

/// <summary>Gives, renews and ends leases.</summary>
public sealed class InstanceLeases
{
    /// <summary>
    /// Gives a lease, or renews the one with this nonce. The refusal says who holds it otherwise; null and null: there is no such instance.
    /// </summary>
    public async Task<(InstanceLease? Lease, InstanceRefusal? Refusal)> TakeAsync(
        DurableTransaction transaction, long id, Guid? nonce, TimeSpan time, string? description, string owner, CancellationToken cancellationToken)
    {
        var guid = await LockAsync(transaction, id, cancellationToken);
        if (guid is null)
            return (null, null);
        await using (var batch = transaction.CreateBatch())
        {
            batch.BatchCommands.Add(Sql.Command(
                """
                UPDATE instance SET lease_nonce = $3, lease_owner = $4, lease_description = coalesce($5, CASE WHEN lease_nonce = $2 THEN lease_description END),
                       lease_until = database_now() + $6
                WHERE id = $1 AND (lease_until IS NULL OR lease_until <= database_now() OR lease_nonce = $2)
                RETURNING lease_nonce, lease_owner, lease_description, lease_until
                """,
                id, Sql.Typed(NpgsqlDbType.Uuid, nonce), nonce ?? Guid.CreateVersion7(), owner, Sql.Typed(NpgsqlDbType.Text, description), time));
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            if (await reader.ReadAsync(cancellationToken))
                return (Read(reader), null);
        }

        var held = await ReadAsync(transaction, id, cancellationToken);
        return (null, new InstanceRefusal(InstanceRefusal.LeaseHeld, $"{held?.Owner} holds a lease of the instance until {(held is null ? "" : Messaging.Rfc3339.Format(held.ExpiresAt))}."));
    }

    /// <summary>Ends the lease with this nonce; nothing happens when it is over. The refusal: another holds it.</summary>
    public async Task<InstanceRefusal?> EndAsync(DurableTransaction transaction, long id, Guid? nonce, CancellationToken cancellationToken)
    {
        if (await LockAsync(transaction, id, cancellationToken) is null)
            return null;
        var ended = await transaction.ExecuteAsync(
            """
            UPDATE instance SET lease_nonce = NULL, lease_owner = NULL, lease_description = NULL, lease_until = NULL
            WHERE id = $1 AND (lease_until IS NULL OR lease_until <= database_now() OR lease_nonce = $2)
            """,
            cancellationToken, id, Sql.Typed(NpgsqlDbType.Uuid, nonce));
        return ended == 1 ? null : new InstanceRefusal(InstanceRefusal.LeaseHeld, "Another one holds the lease of the instance.");
    }

    private static async Task<InstanceLease?> ReadAsync(DurableTransaction transaction, long id, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command("SELECT lease_nonce, lease_owner, lease_description, lease_until FROM instance WHERE id = $1 AND lease_until IS NOT NULL", id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader) : null;
    }

    private static InstanceLease Read(NpgsqlDataReader reader) => new(
        reader.GetGuid(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2), reader.GetFieldValue<DateTimeOffset>(3));

    // The lock of the saga: a lease is given before or after a command, never in the middle of it.
    private static async Task<Guid?> LockAsync(DurableTransaction transaction, long id, CancellationToken cancellationToken)
    {
        Guid? guid;
        await using (var batch = transaction.CreateBatch())
        {
            batch.BatchCommands.Add(Sql.Command("SELECT correlation_id FROM instance WHERE id = $1", id));
            guid = await batch.ExecuteScalarAsync(cancellationToken) as Guid?;
        }

        if (guid is { } found)
            await InstanceSagas.LockAsync(transaction, found, cancellationToken);
        return guid;
    }
}
