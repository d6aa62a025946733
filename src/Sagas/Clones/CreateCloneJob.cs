using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Orchestrator.Contracts.Clones;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Actions.Declarative;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Clones;

/// <summary>Parameters of <c>create-clone</c>.</summary>
public sealed record CreateCloneParameters
{
    [Description("What the clone is called: a letter or digit, then letters, digits, _, . and -. Default: made of the deployment and the job.")]
    [Length(1, CloneRules.MaxIdLength)]
    public string? Id { get; init; }

    [Description("Id of a snapshot, or a time: then the newest that is not later. Default: the newest.")]
    [Length(1, CloneRules.MaxSnapshotIdLength)]
    public string? Snapshot { get; init; }

    [Description("The role that is made in it.")]
    [Length(1, CloneRules.MaxNameBytes)]
    public required string Username { get; init; }

    [Description("Its password as Postgres keeps it, SCRAM-SHA-256$...; docs/clones.md tells how it is made. A password would be stored with the definition.")]
    [Length(1, 300)]
    public required string Verifier { get; init; }

    [Description("The database to connect to. Default: the one that the snapshot was made for.")]
    [Length(1, CloneRules.MaxNameBytes)]
    public string? DbName { get; init; }

    [Description("True: the role is no superuser, but owns the databases. Default: false.")]
    public bool? Restricted { get; init; }

    [Description("Settings of Postgres, of those that are allowed.")]
    public IReadOnlyDictionary<string, string>? ExtraConf { get; init; }

    [Description("A label.")]
    [Length(0, CloneRules.MaxTextLength)]
    public string? Project { get; init; }

    [Description("When it is deleted by itself. Default: never.")]
    public DateTimeOffset? DeleteAt { get; init; }

    [Description("The job fails when the clone is not ready by then. Default: 10m.")]
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan? Timeout { get; init; }
}

/// <summary>What <c>create-clone</c> returns.</summary>
/// <param name="Id">The clone.</param>
/// <param name="SnapshotId">What it is of.</param>
/// <param name="Host">Where it is reached.</param>
/// <param name="Port">At which port.</param>
/// <param name="Username">With which role.</param>
/// <param name="DbName">Which database.</param>
public sealed record CreatedClone(string Id, string SnapshotId, string Host, int Port, string Username, string DbName);

/// <summary>The clone that a job is about to make; stored before it does.</summary>
[JobData("create-clone.clone")]
public sealed record CloneOfJob(string Id);

/// <summary>A clone cannot be made now; later it may.</summary>
public sealed class CloneUnavailableException(string message) : Exception(message);

/// <summary>Makes a clone and waits until it takes connections; undone, it deletes it.</summary>
public sealed class CreateCloneJob(
    CloneCommands commands, CloneReader reader, CommandValidation validation, DurableTransactions transactions, TimeProvider time)
    : BuiltInJob<CreateCloneParameters, CreatedClone>
{
    private static readonly TimeSpan StandardTimeout = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(250);

    public override string Name => "create-clone";

    public override string Description =>
        "Makes a clone of a snapshot and waits until it takes connections. Rolled back, the clone is deleted, unless it was protected meanwhile.";

    public override bool RollsBack(System.Text.Json.Nodes.JsonObject with) => true;

    public override JobPolicy PolicyOf(System.Text.Json.Nodes.JsonObject with) => base.PolicyOf(with) with { Attempts = 3, RollbackAttempts = 5 };

    protected override async Task<CreatedClone> ExecuteAsync(CreateCloneParameters with, bool rollsBack, JobContext context)
    {
        var id = with.Id ?? NameIds.Of("create-clone", context.DeploymentId.ToString(), context.Job).ToString("N");
        await context.SetAsync(new CloneOfJob(id));
        await AskAsync(with, id, context);
        var deadline = time.GetUtcNow() + (with.Timeout ?? StandardTimeout);
        while (true)
        {
            var clone = (await reader.ReadAsync(id, context.CancellationToken))?.State
                ?? throw new PermanentJobException($"clone {id} was deleted while the job waited for it.");
            if (clone is { State: nameof(CloneStateMachine.Ready), Port: { } port })
                return new CreatedClone(id, clone.SnapshotId, clone.Address!, port, clone.Username, clone.DbName!);
            if (clone.State is nameof(CloneStateMachine.Fatal) or nameof(CloneStateMachine.Deleting))
                throw new PermanentJobException($"clone {id} is {CloneStatus.CodeOf(clone.State)}: {clone.FatalCode}: {clone.FatalDetail}");
            if (time.GetUtcNow() > deadline)
                throw new PermanentJobException($"clone {id} was not ready in time.");
            await PauseAsync(context);
        }
    }

    protected override async Task RollbackAsync(CreateCloneParameters with, bool isComplete, JobFailure failure, JobContext context)
    {
        if (await context.GetAsync<CloneOfJob>() is not { } made)
            return;
        while ((await reader.ReadAsync(made.Id, context.CancellationToken))?.State is { } clone && clone.Owner == OwnerOf(context))
        {
            if (clone.State is not nameof(CloneStateMachine.Deleting))
                await DeleteAsync(made.Id, context);
            await PauseAsync(context);
        }
    }

    // An earlier attempt may have asked already: then it is there, and ours.
    private async Task AskAsync(CreateCloneParameters with, string id, JobContext context)
    {
        var command = new CreateClone
        {
            Id = id,
            Snapshot = with.Snapshot,
            Username = with.Username,
            Verifier = with.Verifier,
            DbName = with.DbName,
            IsRestricted = with.Restricted ?? false,
            ExtraConf = with.ExtraConf,
            Project = with.Project,
            Owner = OwnerOf(context),
            DeleteAt = with.DeleteAt,
        };
        if (validation.Check(command) is [var problem, ..])
            throw new PermanentJobException(problem.ErrorMessage);
        try
        {
            await using var transaction = await transactions.BeginAsync(context.CancellationToken);
            await commands.CreateAsync(transaction, command, OwnerOf(context), context.CancellationToken);
            await transaction.CommitAsync(context.CancellationToken);
        }
        catch (CloneRefusedException exception) when (exception.Code is CloneCodes.CloneExists)
        {
            if ((await reader.ReadAsync(id, context.CancellationToken))?.State.Owner != OwnerOf(context))
                throw new PermanentJobException(exception.Message, exception);
        }
        catch (CloneRefusedException exception) when (exception.Code is CloneCodes.NoCloneHost or CloneCodes.NoFreePort or CloneCodes.NotEnoughDiskSpace)
        {
            throw new CloneUnavailableException($"{exception.Code}: {exception.Message}");
        }
        catch (CloneRefusedException exception)
        {
            throw new PermanentJobException($"{exception.Code}: {exception.Message}", exception);
        }
    }

    private async Task DeleteAsync(string id, JobContext context)
    {
        try
        {
            await using var transaction = await transactions.BeginAsync(context.CancellationToken);
            await commands.DeleteAsync(transaction, new DeleteClone { Id = id, Reason = "rolled back" }, OwnerOf(context), context.CancellationToken);
            await transaction.CommitAsync(context.CancellationToken);
        }
        catch (CloneRefusedException exception) when (exception.Code is CloneCodes.NotFound)
        {
            // It has gone meanwhile.
        }
        catch (CloneRefusedException exception)
        {
            throw new PermanentJobException($"{exception.Code}: {exception.Message}", exception);
        }
    }

    private Task PauseAsync(JobContext context)
    {
        context.Heartbeat();
        return Task.Delay(PollInterval, time, context.CancellationToken);
    }

    private static string OwnerOf(JobContext context) => $"deployment {context.DeploymentId}";
}
