using System.Text.Json;
using Microsoft.Extensions.Options;
using NpgsqlTypes;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Instances;

/// <summary>An instance that needs a place.</summary>
public sealed record PlacementRequest(InstanceState Instance, App App, InstanceSize Size);

/// <summary>
/// The claims on nodes: which node holds which attempt of which instance, with how much of it. A claim is at the same time
/// the node's order: what to run, and whether to end it. Only its node gives it back, or the sweep when the node is lost.
/// </summary>
public sealed class Placements(IOptions<InstancesOptions> options)
{
    /// <summary>Nodes listen on this channel for their name; another payload, <c>*</c>, means that room appeared.</summary>
    public const string Channel = "orchestrator_node";

    // Claims are made one after the other, so that two cannot take the same room, or the same port.
    private static readonly string Lock = $"SELECT pg_advisory_xact_lock({AdvisoryLocks.Placement}, 0)";

    private const string Claim = """
        WITH used AS (
            SELECT node, sum(milli_cpus) AS cpus, sum(memory_mib) AS memory, sum(disk_mib) AS disk,
                   count(*) FILTER (WHERE app_id = $3) AS siblings
            FROM placement GROUP BY node),
        chosen AS (
            SELECT n.name, n.incarnation, n.machine
            FROM node n LEFT JOIN used u ON u.node = n.name
            WHERE n.state = 'active' AND n.lease_until > database_now()
              AND ($4::bigint IS NULL OR cardinality(n.regions) = 0 OR (SELECT name FROM region WHERE id = $4) = ANY (n.regions))
              AND coalesce(u.cpus, 0) + $5 <= n.milli_cpus * $8::float8
              AND coalesce(u.memory, 0) + $6 <= n.memory_mib
              AND coalesce(u.disk, 0) + $7 <= n.disk_mib
            ORDER BY coalesce(n.name = $11, false), coalesce(u.siblings, 0), coalesce(u.cpus, 0)::float8 / n.milli_cpus, n.name
            LIMIT 1),
        free AS (
            SELECT array_agg(port) AS ports FROM (
                SELECT port FROM (
                    SELECT generate_series($12::int, $13::int) AS port WHERE $9 > 0
                    EXCEPT
                    SELECT unnest(p.ports) FROM placement p JOIN node n ON n.name = p.node WHERE n.machine = (SELECT machine FROM chosen)) unused
                ORDER BY random() LIMIT $9) picked)
        INSERT INTO placement (instance, attempt, node, incarnation, app_id, milli_cpus, memory_mib, disk_mib, ports, spec)
        SELECT $1, $2, c.name, c.incarnation, $3, $5, $6, $7, coalesce(f.ports, '{}'), $10::jsonb
        FROM chosen c CROSS JOIN free f WHERE cardinality(coalesce(f.ports, '{}')) = $9
        RETURNING node
        """;

    /// <summary>Claims room for the next attempt of an instance: the node's name, or null when none has room.</summary>
    public async Task<string?> ClaimAsync(InstanceWork work, PlacementRequest request)
    {
        var (instance, app, size) = request;
        await work.Transaction.ExecuteAsync(Lock, work.CancellationToken);
        await using var batch = work.Transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(
            Claim,
            instance.CorrelationId, instance.Attempt + 1, instance.AppId, Sql.Typed(NpgsqlDbType.Bigint, instance.RegionId),
            size.MilliCpus, size.MemoryMiB, size.DiskMiB, options.Value.CpuOvercommit, app.Ports.Length,
            Sql.Typed(NpgsqlDbType.Text, JsonSerializer.Serialize(PlacementSpec.Of(instance, app), JsonSerializerOptions.Web)),
            Sql.Typed(NpgsqlDbType.Text, instance.ReasonCode is Reasons.NodeLost or Reasons.Drained ? instance.NodeName : null),
            options.Value.FirstPort, options.Value.LastPort));
        if (await batch.ExecuteScalarAsync(work.CancellationToken) is not string node)
            return null;
        work.Transaction.Notify(Channel, node);
        return node;
    }

    /// <summary>Has the node of an attempt end what runs of it.</summary>
    public Task EndAsync(DurableTransaction transaction, Guid instance, int attempt, TimeSpan grace, CancellationToken cancellationToken) =>
        OrderAsync(transaction, "goal = 'end', grace = $3", instance, attempt, cancellationToken, grace);

    /// <summary>Has the node of an attempt ask the program whether it can end.</summary>
    public Task AskAsync(DurableTransaction transaction, Guid instance, int attempt, CancellationToken cancellationToken) =>
        OrderAsync(transaction, "goal = CASE goal WHEN 'run' THEN 'ask' ELSE goal END", instance, attempt, cancellationToken);

    /// <summary>The program stays.</summary>
    public Task TakeBackAskAsync(DurableTransaction transaction, Guid instance, int attempt, CancellationToken cancellationToken) =>
        OrderAsync(transaction, "goal = CASE goal WHEN 'ask' THEN 'run' ELSE goal END", instance, attempt, cancellationToken);

    /// <summary>A forced delete: whatever runs of the instance is to end, whoever remembers it.</summary>
    public Task EndAllAsync(DurableTransaction transaction, Guid instance, CancellationToken cancellationToken) =>
        OrderAsync(transaction, "goal = 'end', grace = interval '0'", instance, attempt: null, cancellationToken);

    /// <summary>Notes the handle of what was started. False when the claim is gone, or belongs to another life of the node.</summary>
    public async Task<bool> NoteStartAsync(
        DurableTransaction transaction, Claim claim, string handle, CancellationToken cancellationToken) =>
        await transaction.ExecuteAsync(
            "UPDATE placement SET handle = $5 WHERE instance = $1 AND attempt = $2 AND node = $3 AND incarnation = $4",
            cancellationToken, claim.Instance, claim.Attempt, claim.Node, claim.Incarnation, handle) == 1;

    /// <summary>Gives a claim back. False when it is gone already, or belongs to another life of the node.</summary>
    public async Task<bool> ReleaseAsync(DurableTransaction transaction, Claim claim, CancellationToken cancellationToken)
    {
        var released = await transaction.ExecuteAsync(
            "DELETE FROM placement WHERE instance = $1 AND attempt = $2 AND node = $3 AND incarnation = $4",
            cancellationToken, claim.Instance, claim.Attempt, claim.Node, claim.Incarnation) == 1;
        if (released)
            transaction.Notify(Channel, "*");
        return released;
    }

    /// <summary>A successor takes over how often its instance was restarted.</summary>
    public Task InheritRestartsAsync(
        DurableTransaction transaction, Guid successor, int restarts, DateTimeOffset? since, CancellationToken cancellationToken) =>
        transaction.ExecuteAsync(
            "UPDATE instance SET restarts = $2, restarts_since = $3 WHERE correlation_id = $1",
            cancellationToken, successor, restarts, Sql.Typed(NpgsqlDbType.TimestampTz, since?.ToUniversalTime()));

    private static async Task OrderAsync(
        DurableTransaction transaction, string change, Guid instance, int? attempt, CancellationToken cancellationToken, params object[] more)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(
            $"UPDATE placement SET {change} WHERE instance = $1 AND ($2 IS NULL OR attempt = $2) RETURNING node",
            [instance, Sql.Typed(NpgsqlDbType.Integer, attempt), .. more]));
        var nodes = new List<string>();
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
                nodes.Add(reader.GetString(0));
        }

        foreach (var node in nodes)
            transaction.Notify(Channel, node);
    }
}

/// <summary>Names one claim: an attempt on a node in one of its lives.</summary>
public sealed record Claim(Guid Instance, int Attempt, string Node, long Incarnation);

/// <summary>What a node needs to run an attempt; a copy, so that a change of the app concerns later attempts only.</summary>
public sealed record PlacementSpec
{
    public required long Id { get; init; }
    public required string AppName { get; init; }
    public string? Image { get; init; }
    public IReadOnlyList<string> Command { get; init; } = [];
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The ports that the app names, in the order of the claimed ones.</summary>
    public IReadOnlyList<int> Ports { get; init; } = [];

    public HealthCheck HealthCheck { get; init; } = new();
    public string? TraceId { get; init; }

    public static PlacementSpec Of(InstanceState instance, App app) => new()
    {
        Id = instance.Id,
        AppName = app.Name,
        Image = app.Image,
        Command = app.Command,
        Env = app.Env,
        Ports = app.Ports,
        HealthCheck = app.HealthCheck,
        TraceId = instance.TraceId,
    };
}
