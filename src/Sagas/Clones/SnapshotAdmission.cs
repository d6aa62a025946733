using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Options;
using NpgsqlTypes;
using Orchestrator.Contracts.Clones;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Clones;

/// <summary>Decides where a snapshot is made and what it is called.</summary>
public sealed class SnapshotAdmission(IOptions<CloneOptions> options)
{
    /// <summary>The source that is meant when none is named.</summary>
    public const string DefaultSource = "default";

    private static readonly string FindHost = $"""
        SELECT h.id, h.public_key, h.disk_free, h.disk_reserve FROM clone_host h
        WHERE {CloneHosts.IsAlive} AND ($1::text IS NULL OR h.id = $1) ORDER BY h.disk_free - h.disk_reserve DESC, h.id LIMIT 1
        """;

    /// <summary>Name of the source that is meant when none is named; null when there is none, or none of several.</summary>
    public string? DefaultSourceName =>
        options.Value.Sources.ContainsKey(DefaultSource) ? DefaultSource
        : options.Value.Sources.Count == 1 ? options.Value.Sources.Keys.Single() : null;

    /// <exception cref="CloneRefusedException">There is no such source or clone, no host, or no disk space.</exception>
    public async Task<NewSnapshot> PlaceAsync(DurableTransaction transaction, CreateSnapshot command, SourceAddress? live, CancellationToken cancellationToken)
    {
        var clone = command.CloneId is { } cloneId ? await FindCloneAsync(transaction, cloneId, cancellationToken) : null;
        var (hostId, publicKey) = await FindHostAsync(transaction, clone?.HostId, cancellationToken);
        var snapshot = new NewSnapshot
        {
            Id = await FreeIdAsync(transaction, command.Id, cancellationToken),
            HostId = hostId,
            Dump = command.Dump,
            DbName = command.Dump is not null ? command.DumpDatabase ?? "postgres" : clone?.DbName,
            CloneKey = clone?.Key,
            Message = command.Message,
        };
        if (live is not null)
            return snapshot with { SealedSource = SealedSecret.Seal(publicKey, JsonSerializer.SerializeToUtf8Bytes(live)), DbName = live.DbName };
        if (command.CloneId is not null || command.Dump is not null)
            return snapshot;
        var name = command.Source ?? DefaultSourceName
            ?? throw new CloneRefusedException(CloneCodes.UnknownSource, "No source is named, and none is configured as the default one.");
        if (!options.Value.Sources.TryGetValue(name, out var source))
            throw new CloneRefusedException(CloneCodes.UnknownSource, $"There is no source {name}.");
        return snapshot with { SourceName = name, DbName = SourceAddress.TryParse(source.ConnectionString, out var address, out _) ? address.DbName : null };
    }

    /// <exception cref="CloneRefusedException">A snapshot of the source is being made.</exception>
    public async Task DemandNoneIsMadeAsync(DurableTransaction transaction, string? source, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(
            "SELECT id FROM clone_snapshot WHERE state = 'Making' AND source_name = $1 LIMIT 1", Sql.Typed(NpgsqlDbType.Text, source)));
        if (await batch.ExecuteScalarAsync(cancellationToken) is string id)
            throw new CloneRefusedException(CloneCodes.RefreshRunning, $"Snapshot {id} of source {source} is being made.");
    }

    private static async Task<CloneOfSnapshot?> FindCloneAsync(DurableTransaction transaction, string id, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command("SELECT correlation_id, host_id, db_name, state FROM clone WHERE id = $1", id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            throw new CloneRefusedException(CloneCodes.NotFound, $"There is no clone {id}.");
        if (reader.GetString(3) is not nameof(CloneStateMachine.Ready) and var state)
            throw new CloneRefusedException(CloneCodes.WrongState, $"Clone {id} is {CloneStatus.CodeOf(state)}; only one that is OK can be saved.");
        return new CloneOfSnapshot(reader.GetGuid(0), reader.GetString(1), await reader.IsDBNullAsync(2, cancellationToken) ? null : reader.GetString(2));
    }

    private static async Task<(string Id, byte[] PublicKey)> FindHostAsync(DurableTransaction transaction, string? hostId, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(FindHost, Sql.Typed(NpgsqlDbType.Text, hostId)));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            throw new CloneRefusedException(CloneCodes.NoCloneHost, hostId is null ? "No host of clones is there." : "The host of the clone is away.");
        var (free, reserve) = (reader.GetInt64(2), reader.GetInt64(3));
        if (free < reserve)
        {
            throw new CloneRefusedException(CloneCodes.NotEnoughDiskSpace, string.Create(
                CultureInfo.InvariantCulture, $"{free >> 20} MiB are free, and {reserve >> 20} MiB must stay so."));
        }

        return (reader.GetString(0), reader.GetFieldValue<byte[]>(1));
    }

    // Under the lock of all ids: a second in one second gets a number.
    private static async Task<string> FreeIdAsync(DurableTransaction transaction, string? wanted, CancellationToken cancellationToken)
    {
        if (wanted is not null)
            return wanted;
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command("""
            SELECT candidate FROM (SELECT 'clones@snapshot_' || to_char(database_now() AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISS')
                                          || CASE WHEN n > 1 THEN '_' || n ELSE '' END AS candidate, n FROM generate_series(1, 1000) n) c
            WHERE NOT EXISTS (SELECT FROM clone_snapshot WHERE id = candidate) ORDER BY n LIMIT 1
            """));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.GetString(0);
    }

    private sealed record CloneOfSnapshot(Guid Key, string HostId, string? DbName);
}
