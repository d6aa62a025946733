using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;
using Orchestrator.Contracts.Instances;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Instances;

/// <summary>What runs on a node, next to the node.</summary>
/// <param name="Node">The node.</param>
/// <param name="Instances">Claims on it.</param>
/// <param name="MilliCpus">Claimed.</param>
/// <param name="MemoryMiB">Claimed.</param>
/// <param name="DiskMiB">Claimed.</param>
public sealed record NodeUse(Node Node, long Instances, long MilliCpus, long MemoryMiB, long DiskMiB);

/// <summary>The nodes: who lives, until when, and in which of its lives.</summary>
public sealed class NodeTable(NpgsqlDataSource source, IDbContextFactory<OrchestratorDbContext> contexts)
{
    /// <summary>Begins a life of a node. It gets no work before it has looked after what an earlier life left.</summary>
    /// <returns>The incarnation.</returns>
    public async Task<long> JoinAsync(Node node, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("""
            INSERT INTO node (name, incarnation, state, machine, runtime, regions, labels, milli_cpus, memory_mib, disk_mib, lease_until)
            VALUES ($1, 1, 'joining', $2, $3, $4, $5, $6, $7, $8, database_now() + $9)
            ON CONFLICT (name) DO UPDATE SET incarnation = node.incarnation + 1,
                state = 'joining',
                machine = excluded.machine, runtime = excluded.runtime, regions = excluded.regions, labels = excluded.labels,
                milli_cpus = excluded.milli_cpus, memory_mib = excluded.memory_mib, disk_mib = excluded.disk_mib,
                lease_until = excluded.lease_until, heartbeat_at = database_now()
            RETURNING incarnation
            """);
        command.Parameters.Add(new() { Value = node.Name });
        command.Parameters.Add(new() { Value = node.Machine });
        command.Parameters.Add(new() { Value = node.Runtime });
        command.Parameters.Add(new() { Value = node.Regions });
        command.Parameters.Add(new() { Value = JsonSerializer.Serialize(node.Labels), NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.Add(new() { Value = node.MilliCpus });
        command.Parameters.Add(new() { Value = node.MemoryMiB });
        command.Parameters.Add(new() { Value = node.DiskMiB });
        command.Parameters.Add(new() { Value = lease });
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>From here on the node gets work, unless it was drained and not opened since. False when its life is over already.</summary>
    public async Task<bool> OpenAsync(string name, long incarnation, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            UPDATE node SET state = CASE WHEN NOT is_closed THEN 'active' WHEN drain_until IS NULL THEN 'drained' ELSE 'draining' END
            WHERE name = $1 AND incarnation = $2 AND state = 'joining'
            """);
        command.Parameters.Add(new() { Value = name });
        command.Parameters.Add(new() { Value = incarnation });
        var opened = await command.ExecuteNonQueryAsync(cancellationToken) == 1;
        if (opened)
            await WakeAsync("*", cancellationToken);
        return opened;
    }

    /// <summary>The worker is about to end: no new work. What the node holds stays its own until its lease runs out.</summary>
    public async Task CloseAsync(string name, long incarnation, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("UPDATE node SET state = 'joining' WHERE name = $1 AND incarnation = $2 AND state <> 'lost'");
        command.Parameters.Add(new() { Value = name });
        command.Parameters.Add(new() { Value = incarnation });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Renews the lease. False when the node was declared lost, or lives on elsewhere: this life is over.</summary>
    public async Task<bool> BeatAsync(string name, long incarnation, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            "UPDATE node SET lease_until = database_now() + $3, heartbeat_at = database_now() WHERE name = $1 AND incarnation = $2 AND state <> 'lost'");
        command.Parameters.Add(new() { Value = name });
        command.Parameters.Add(new() { Value = incarnation });
        command.Parameters.Add(new() { Value = lease });
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Declares the nodes lost whose lease has run out; gives all that are lost and still hold claims.</summary>
    public async Task<IReadOnlyList<string>> LoseAsync(DurableTransaction transaction, CancellationToken cancellationToken)
    {
        await using (var batch = transaction.CreateBatch())
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand("UPDATE node SET state = 'lost' WHERE state <> 'lost' AND lease_until < database_now() RETURNING name, incarnation"));
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                var (name, incarnation) = (reader.GetString(0), reader.GetInt64(1));
                transaction.Publish(new NodeLost { Node = name, Incarnation = incarnation });
                transaction.Record(new ResourceEvent { Kind = "node", Key = name, What = "lost", ToState = NodeStates.Lost, Reason = $"incarnation {incarnation} let its lease run out", Actor = "nodes" });
            }
        }

        var lost = new List<string>();
        await using (var batch = transaction.CreateBatch())
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT n.name FROM node n WHERE n.state = 'lost' AND EXISTS (SELECT FROM placement p WHERE p.node = n.name) ORDER BY n.name"));
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                lost.Add(reader.GetString(0));
        }

        return lost;
    }

    /// <summary>Begins a drain, which holds until the node is opened, through all its lives. False when there is no such node, or it is lost.</summary>
    public async Task<bool> DrainAsync(DurableTransaction transaction, string name, TimeSpan deadline, string actor, CancellationToken cancellationToken)
    {
        if (await transaction.ExecuteAsync(
            "UPDATE node SET state = CASE state WHEN 'joining' THEN state ELSE 'draining' END, is_closed = true, drain_until = database_now() + $2 WHERE name = $1 AND state <> 'lost'", cancellationToken, name, deadline) == 0)
            return false;
        transaction.Record(new ResourceEvent { Kind = "node", Key = name, What = "drain-asked", ToState = NodeStates.Draining, Reason = $"within {deadline}", Actor = actor });
        return true;
    }

    /// <summary>Gives a drained or draining node work again, a lost one when it comes back. False when there is none such.</summary>
    public async Task<bool> ReopenAsync(DurableTransaction transaction, string name, string actor, CancellationToken cancellationToken)
    {
        if (await transaction.ExecuteAsync(
            """
            UPDATE node SET state = CASE WHEN state IN ('joining', 'lost') THEN state ELSE 'active' END, is_closed = false, drain_until = NULL
            WHERE name = $1 AND (state <> 'lost' OR is_closed)
            """, cancellationToken, name) == 0)
            return false;
        transaction.Record(new ResourceEvent { Kind = "node", Key = name, What = "opened", Actor = actor });
        transaction.Notify(Placements.Channel, "*");
        return true;
    }

    /// <summary>Forgets a node that is lost or drained and holds nothing. False when there is none such.</summary>
    public async Task<bool> DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            "DELETE FROM node n WHERE name = $1 AND (state = 'lost' OR lease_until < database_now()) AND NOT EXISTS (SELECT FROM placement p WHERE p.node = n.name)");
        command.Parameters.Add(new() { Value = name });
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Nodes by name, after one, with what is claimed of them.</summary>
    public async Task<IReadOnlyList<NodeUse>> ListAsync(string after, int limit, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var nodes = await db.Nodes.AsNoTracking().Where(node => string.Compare(node.Name, after) > 0).OrderBy(node => node.Name).Take(limit).ToListAsync(cancellationToken);
        return await WithUseAsync(nodes, cancellationToken);
    }

    public async Task<NodeUse?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var nodes = await db.Nodes.AsNoTracking().Where(node => node.Name == name).ToListAsync(cancellationToken);
        return (await WithUseAsync(nodes, cancellationToken)).FirstOrDefault();
    }

    private async Task<IReadOnlyList<NodeUse>> WithUseAsync(List<Node> nodes, CancellationToken cancellationToken)
    {
        var use = new Dictionary<string, (long Instances, long Cpus, long Memory, long Disk)>(StringComparer.Ordinal);
        await using var command = source.CreateCommand("SELECT node, count(*), sum(milli_cpus), sum(memory_mib), sum(disk_mib) FROM placement WHERE node = ANY ($1) GROUP BY node");
        command.Parameters.Add(new() { Value = nodes.Select(node => node.Name).ToArray() });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            use[reader.GetString(0)] = (reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4));
        return [.. nodes.Select(node =>
        {
            var (instances, cpus, memory, disk) = use.GetValueOrDefault(node.Name);
            return new NodeUse(node, instances, cpus, memory, disk);
        })];
    }

    private async Task WakeAsync(string payload, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("SELECT pg_notify($1, $2)");
        command.Parameters.Add(new() { Value = Placements.Channel });
        command.Parameters.Add(new() { Value = payload });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
