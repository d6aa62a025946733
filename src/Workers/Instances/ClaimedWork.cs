using System.Text.Json;
using Npgsql;
using Orchestrator.Sagas.Instances;

namespace Orchestrator.Workers.Instances;

/// <summary>What the node is to do about a claim.</summary>
public enum Goal
{
    Run,

    /// <summary>Ask the program whether it can end.</summary>
    Ask,

    End,
}

/// <summary>A claim as its node reads it.</summary>
public sealed record ClaimedWork
{
    public required Claim Claim { get; init; }
    public required Goal Goal { get; init; }

    /// <summary>From the signal to the kill.</summary>
    public required TimeSpan Grace { get; init; }

    /// <summary>What was started, once it was.</summary>
    public string? Handle { get; init; }

    /// <summary>Claimed ports, in the order of those that the app names.</summary>
    public required IReadOnlyList<int> Ports { get; init; }

    public required int MilliCpus { get; init; }
    public required int MemoryMiB { get; init; }
    public required PlacementSpec Spec { get; init; }
}

/// <summary>Reads and adopts the claims of a node.</summary>
public sealed class NodeClaims(NpgsqlDataSource source)
{
    /// <summary>Tells this system from others on the same machine: its database.</summary>
    public async Task<string> SystemAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("SELECT system_identifier || '/' || (SELECT oid FROM pg_database WHERE datname = current_database()) FROM pg_control_system()");
        return (string)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Every claim on a node, of whichever of its lives.</summary>
    public async Task<List<ClaimedWork>> ReadAsync(string node, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            "SELECT instance, attempt, node, incarnation, goal, grace, handle, ports, milli_cpus, memory_mib, spec FROM placement WHERE node = $1 ORDER BY claimed_at");
        command.Parameters.Add(new() { Value = node });
        var claims = new List<ClaimedWork>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            claims.Add(Read(reader));
        return claims;
    }

    /// <summary>Takes a claim over into this life of the node. False when it is gone.</summary>
    public async Task<bool> AdoptAsync(Claim claim, long incarnation, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            "UPDATE placement SET incarnation = $5 WHERE instance = $1 AND attempt = $2 AND node = $3 AND incarnation = $4");
        command.Parameters.Add(new() { Value = claim.Instance });
        command.Parameters.Add(new() { Value = claim.Attempt });
        command.Parameters.Add(new() { Value = claim.Node });
        command.Parameters.Add(new() { Value = claim.Incarnation });
        command.Parameters.Add(new() { Value = incarnation });
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Whether any node holds this attempt of an instance.</summary>
    public async Task<bool> ExistsAsync(Guid instance, int attempt, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("SELECT EXISTS (SELECT FROM placement WHERE instance = $1 AND attempt = $2)");
        command.Parameters.Add(new() { Value = instance });
        command.Parameters.Add(new() { Value = attempt });
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    private static ClaimedWork Read(NpgsqlDataReader reader) => new()
    {
        Claim = new Claim(reader.GetGuid(0), reader.GetInt32(1), reader.GetString(2), reader.GetInt64(3)),
        Goal = reader.GetString(4) switch { "end" => Goal.End, "ask" => Goal.Ask, _ => Goal.Run },
        Grace = reader.GetTimeSpan(5),
        Handle = reader.IsDBNull(6) ? null : reader.GetString(6),
        Ports = reader.GetFieldValue<int[]>(7),
        MilliCpus = reader.GetInt32(8),
        MemoryMiB = reader.GetInt32(9),
        Spec = JsonSerializer.Deserialize<PlacementSpec>(reader.GetString(10), JsonSerializerOptions.Web)!,
    };
}
