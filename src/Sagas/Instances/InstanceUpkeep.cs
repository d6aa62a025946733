using Microsoft.Extensions.Logging;
using Npgsql;
using Orchestrator.Contracts.Instances;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Instances;

/// <summary>
/// What has to happen to instances without anybody asking: steps that take too long, restarts that are due, nodes that are
/// lost or drained, room that appeared. It looks at the rows alone, so whatever died before, the next look goes on.
/// </summary>
public sealed class InstanceUpkeep(
    NpgsqlDataSource source, DurableTransactions transactions, InstanceSagas sagas, NodeTable nodes, Placements placements, ILogger<InstanceUpkeep> logger)
{
    private const string Actor = "upkeep";
    private const int Bite = 200;

    /// <summary>One look for everything.</summary>
    /// <param name="judgesNodes">False while it cannot be told whether a node or our own view is to blame for a lease that ran out.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    public async Task RunAsync(bool judgesNodes, CancellationToken cancellationToken)
    {
        if (judgesNodes)
            await LoseNodesAsync(cancellationToken);
        await EndOverdueAsync(cancellationToken);
        await DrainAsync(cancellationToken);
        await PlaceWaitingAsync(cancellationToken);
    }

    /// <summary>Handles one instance whose time has come.</summary>
    public async Task OverdueAsync(Guid instance, CancellationToken cancellationToken)
    {
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        var now = await InstanceSagas.LockAsync(transaction, instance, cancellationToken);
        if (await DueAsync(transaction, instance, cancellationToken) is not { } due || due > now)
            return;
        await sagas.RaiseAsync(transaction, instance, sagas.Machine.Overdue, new StepOverdue(), Actor, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Steps that are over their deadline, and restarts that are due.</summary>
    public async Task EndOverdueAsync(CancellationToken cancellationToken)
    {
        foreach (var instance in await GuidsAsync("SELECT correlation_id FROM instance WHERE due_at < database_now() ORDER BY due_at LIMIT $1", cancellationToken))
            await OneAsync(instance, () => OverdueAsync(instance, cancellationToken), cancellationToken);
    }

    /// <summary>Instances that wait for room: of each size and region the longest first, until one finds none.</summary>
    public async Task PlaceWaitingAsync(CancellationToken cancellationToken)
    {
        var full = new HashSet<(string Type, long? Region)>();
        foreach (var (instance, type, region) in await WaitingAsync(cancellationToken))
        {
            if (full.Contains((type, region)))
                continue;
            await OneAsync(instance, async () =>
            {
                await using var transaction = await transactions.BeginAsync(cancellationToken);
                var outcome = await sagas.RaiseAsync(transaction, instance, sagas.Machine.Room, new RoomAppeared(), Actor, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                if (outcome.Instance is { Status: Statuses.Provisioning, IsPlaced: false, InstanceStatus: Intents.Running })
                    full.Add((type, region));
            }, cancellationToken);
        }
    }

    /// <summary>A claim is over without its node having said so: the node, or that life of it, is gone.</summary>
    public async Task LoseAsync(Claim claim, string detail, CancellationToken cancellationToken)
    {
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        await InstanceSagas.LockAsync(transaction, claim.Instance, cancellationToken);
        if (!await placements.ReleaseAsync(transaction, claim, cancellationToken))
            return;
        await sagas.RaiseAsync(
            transaction, claim.Instance, sagas.Machine.Ended, new ProgramEnded(claim.Attempt, Reasons.NodeLost, detail), claim.Node, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task LoseNodesAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<string> lost;
        await using (var transaction = await transactions.BeginAsync(cancellationToken))
        {
            lost = await nodes.LoseAsync(transaction, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        foreach (var node in lost)
        {
            logger.LogWarning("Node {Node} is lost: what it ran is replaced", node);
            foreach (var claim in await ClaimsAsync(node, cancellationToken))
                await OneAsync(claim.Instance, () => LoseAsync(claim, $"node {node} let its lease run out", cancellationToken), cancellationToken);
        }
    }

    private async Task DrainAsync(CancellationToken cancellationToken)
    {
        foreach (var (instance, isOverdue) in await DrainingAsync(cancellationToken))
        {
            await OneAsync(instance, async () =>
            {
                await using var transaction = await transactions.BeginAsync(cancellationToken);
                await sagas.RaiseAsync(transaction, instance, sagas.Machine.Drains, new NodeDrains(isOverdue), Actor, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
            }, cancellationToken);
        }

        await using var end = await transactions.BeginAsync(cancellationToken);
        await using (var batch = end.CreateBatch())
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(
                "UPDATE node n SET state = 'drained', drain_until = NULL WHERE state = 'draining' AND NOT EXISTS (SELECT FROM placement p WHERE p.node = n.name) RETURNING name"));
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                end.Publish(new NodeDrained { Node = reader.GetString(0) });
                end.Record(new ResourceEvent { Kind = "node", Key = reader.GetString(0), What = "drained", ToState = NodeStates.Drained, Actor = Actor });
            }
        }

        await end.CommitAsync(cancellationToken);
    }

    // What one instance fails with concerns no other.
    private async Task OneAsync(Guid instance, Func<Task> step, CancellationToken cancellationToken)
    {
        try
        {
            await step();
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && !Transient.Is(exception))
        {
            logger.LogError(exception, "Instance {Instance} could not be looked after", instance);
        }
    }

    private static async Task<DateTimeOffset?> DueAsync(DurableTransaction transaction, Guid instance, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command("SELECT due_at FROM instance WHERE correlation_id = $1", instance));
        return await batch.ExecuteScalarAsync(cancellationToken) is DateTime due ? new DateTimeOffset(due) : null;
    }

    private async Task<List<Guid>> GuidsAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        command.Parameters.Add(new() { Value = Bite });
        var guids = new List<Guid>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            guids.Add(reader.GetGuid(0));
        return guids;
    }

    // Of each kind some, so that those that need much keep none waiting that need little.
    private async Task<List<(Guid Instance, string Type, long? Region)>> WaitingAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("""
            SELECT correlation_id, instance_type, region_id
            FROM (SELECT *, row_number() OVER (PARTITION BY instance_type, region_id ORDER BY id) AS place FROM instance
                  WHERE status = 'provisioning' AND NOT is_placed AND instance_status = 'running') waiting
            WHERE place <= $1 ORDER BY id
            """);
        command.Parameters.Add(new() { Value = Bite });
        var waiting = new List<(Guid, string, long?)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            waiting.Add((reader.GetGuid(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetInt64(2)));
        return waiting;
    }

    private async Task<List<(Guid Instance, bool IsOverdue)>> DrainingAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            "SELECT p.instance, coalesce(n.drain_until < database_now(), false) FROM placement p JOIN node n ON n.name = p.node WHERE n.state = 'draining' AND p.goal <> 'end'");
        var draining = new List<(Guid, bool)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            draining.Add((reader.GetGuid(0), reader.GetBoolean(1)));
        return draining;
    }

    private async Task<List<Claim>> ClaimsAsync(string node, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("SELECT instance, attempt, node, incarnation FROM placement WHERE node = $1 ORDER BY claimed_at");
        command.Parameters.Add(new() { Value = node });
        var claims = new List<Claim>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            claims.Add(new Claim(reader.GetGuid(0), reader.GetInt32(1), reader.GetString(2), reader.GetInt64(3)));
        return claims;
    }
}
