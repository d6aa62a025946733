using Npgsql;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence.Outbox;

namespace Orchestrator.Sagas.Clones;

/// <summary>A host as its row tells.</summary>
public sealed record CloneHostRow
{
    /// <summary>Of its storage: it stays when another process, or another machine, takes that over.</summary>
    public required string Id { get; init; }

    /// <summary>Second key of the advisory lock that its process holds.</summary>
    public required int LockKey { get; init; }
    public required string Address { get; init; }
    public required string Provider { get; init; }
    public required bool IsThin { get; init; }
    public required string FileSystem { get; init; }
    public required long DiskSize { get; init; }
    public required long DiskFree { get; init; }
    public required long DiskReserve { get; init; }
    public required int Ports { get; init; }

    /// <summary>What its operator should know: a JSON array of <c>{code, message}</c>.</summary>
    public required string Warnings { get; init; }

    /// <summary>Why better providers are not used: a JSON object.</summary>
    public required string Unavailable { get; init; }

    /// <summary>Takes what only this host may read: an RSA public key.</summary>
    public required byte[] PublicKey { get; init; }
}

/// <summary>The hosts of clones: processes that hold a storage directory.</summary>
public sealed class CloneHosts(NpgsqlDataSource source)
{
    /// <summary>True for a host whose process lives: it holds the advisory lock of its outbox. For a statement with clone_host as <c>h</c>.</summary>
    internal const string IsAlive = """
        EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.classid = 2 AND l.objid::bigint = h.lock_key AND l.objsubid = 2 AND l.granted
                AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
        """;

    /// <summary>The queue of a host.</summary>
    public static string QueueOf(string hostId) => $"orchestrator-clone-host-{hostId}";

    /// <summary>A command for one host alone: it waits in the outbox or in the host's queue until the host is there.</summary>
    public static OutboxMessage ToHost<T>(string hostId, T message, DateTimeOffset sentAt)
        where T : class =>
        Envelope.Command(message, sentAt) with { Exchange = "", RoutingKey = QueueOf(hostId) };

    /// <summary>All hosts, and whether each is there, by their id.</summary>
    public async Task<IReadOnlyList<(CloneHostRow Host, bool IsAlive)>> ListAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"""
            SELECT id, lock_key, address, provider, is_thin, file_system, disk_size, disk_free, disk_reserve, ports, warnings::text, unavailable::text,
                   public_key, {IsAlive}
            FROM clone_host h ORDER BY id
            """);
        var hosts = new List<(CloneHostRow, bool)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var host = new CloneHostRow
            {
                Id = reader.GetString(0),
                LockKey = reader.GetInt32(1),
                Address = reader.GetString(2),
                Provider = reader.GetString(3),
                IsThin = reader.GetBoolean(4),
                FileSystem = reader.GetString(5),
                DiskSize = reader.GetInt64(6),
                DiskFree = reader.GetInt64(7),
                DiskReserve = reader.GetInt64(8),
                Ports = reader.GetInt32(9),
                Warnings = reader.GetString(10),
                Unavailable = reader.GetString(11),
                PublicKey = reader.GetFieldValue<byte[]>(12),
            };
            hosts.Add((host, reader.GetBoolean(13)));
        }

        return hosts;
    }

    /// <summary>Says that a host is there, and how it is.</summary>
    public async Task SaveAsync(CloneHostRow host, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("""
            INSERT INTO clone_host (id, lock_key, address, provider, is_thin, file_system, disk_size, disk_free, disk_reserve, ports, warnings, unavailable, public_key)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb, $12::jsonb, $13)
            ON CONFLICT (id) DO UPDATE SET lock_key = excluded.lock_key, address = excluded.address, provider = excluded.provider,
                is_thin = excluded.is_thin, file_system = excluded.file_system, disk_size = excluded.disk_size, disk_free = excluded.disk_free,
                disk_reserve = excluded.disk_reserve, ports = excluded.ports, warnings = excluded.warnings,
                unavailable = excluded.unavailable, public_key = excluded.public_key, seen_at = now()
            """);
        foreach (object value in (ReadOnlySpan<object>)
            [host.Id, host.LockKey, host.Address, host.Provider, host.IsThin, host.FileSystem, host.DiskSize, host.DiskFree, host.DiskReserve, host.Ports, host.Warnings, host.Unavailable, host.PublicKey])
            command.Parameters.Add(new() { Value = value });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
