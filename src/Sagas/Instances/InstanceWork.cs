using MassTransit;
using Microsoft.EntityFrameworkCore;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Instances;

/// <summary>A refused command: nothing was changed.</summary>
/// <param name="Code">Stable and upper case.</param>
/// <param name="Detail">The same in words.</param>
public sealed record InstanceRefusal(string Code, string Detail)
{
    public const string NotFound = "INSTANCE_NOT_FOUND";
    public const string IllegalTransition = "ILLEGAL_TRANSITION";
    public const string VersionConflict = "VERSION_CONFLICT";
    public const string LeaseHeld = "LEASE_HELD";
    public const string NotTerminated = "NOT_TERMINATED";
    public const string AppNotFound = "APP_NOT_FOUND";
    public const string RegionNotFound = "REGION_NOT_FOUND";
    public const string LimitReached = "INSTANCE_LIMIT";
    public const string Exists = "INSTANCE_EXISTS";
}

/// <summary>What the activities of the state machine work with while one message is handled.</summary>
public sealed class InstanceWork(
    DurableTransaction transaction, OrchestratorDbContext db, Placements placements, InstancesOptions options, Random random)
{
    public DurableTransaction Transaction => transaction;

    public Placements Placements => placements;

    public InstancesOptions Options => options;

    /// <summary>The database's clock.</summary>
    public required DateTimeOffset Now { get; init; }

    public required string Actor { get; init; }

    public required CancellationToken CancellationToken { get; init; }

    /// <summary>What happened, for the timeline.</summary>
    public List<(string What, string? Reason)> Lines { get; } = [];

    /// <summary>Set when a command is refused.</summary>
    public InstanceRefusal? Refusal { get; private set; }

    /// <summary>The state that an update asks for; null: none but the current one, or one that is refused.</summary>
    public string? Target { get; set; }

    /// <summary>True when a program that ended has done its work.</summary>
    public bool IsDone { get; set; }

    /// <summary>What follows for other instances, in the same transaction.</summary>
    public List<Func<InstanceSagas, Task>> FollowUps { get; } = [];

    /// <summary>A number from 0 to 1.</summary>
    public double Jitter => random.NextDouble();

    public void Tell(string what, string? reason = null) => Lines.Add((what, reason));

    public void Refuse(string code, string detail) => Refusal = new InstanceRefusal(code, detail);

    public Task<bool> IsMeantToRunAsync(Guid instance) =>
        db.Instances.AnyAsync(other => other.CorrelationId == instance && other.InstanceStatus == Intents.Running, CancellationToken);

    public async Task<App?> AppAsync(long id) => await db.Apps.AsNoTracking().FirstOrDefaultAsync(app => app.Id == id, CancellationToken);
}

internal static class InstanceWorkExtensions
{
    public static InstanceWork Work(this PipeContext context) =>
        context.TryGetPayload<InstanceWork>(out var work) ? work : throw new InvalidOperationException("The state machine runs within InstanceSagas only.");
}
