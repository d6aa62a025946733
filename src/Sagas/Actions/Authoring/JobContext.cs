using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Actions.Authoring;

/// <summary>What a job, a hook or a handler knows of its deployment, and what it may do there.</summary>
public sealed class JobContext
{
    /// <summary>The kind under which <see cref="SetAsync{T}"/> stores unless told otherwise.</summary>
    public const string JobKind = "job";

    /// <summary>The kind under which a job's input is stored.</summary>
    public const string InputKind = "input";

    private readonly IJobData _data;
    private readonly List<LoggedError> _errors = [];
    private object? _instance;

    public JobContext(JobIdentity identity, IJobData data, StateStore store, IServiceProvider services, ILogger logger, CancellationToken cancellationToken)
    {
        (Identity, _data, Store, Services, Logger, CancellationToken) = (identity, data, store, services, logger, cancellationToken);
    }

    public JobIdentity Identity { get; }

    public Guid DeploymentId => Identity.DeploymentId;

    /// <summary>What the caller groups deployments by: a start and a stop share it.</summary>
    public string GroupId => Identity.GroupId;

    public string Job => Identity.Job;

    /// <summary>From 1; it grows when the job is tried again, and when another worker takes it over.</summary>
    public int Attempt => Identity.Attempt;

    /// <summary>A state object that all jobs of the deployment share; persisted with each step.</summary>
    public StateStore Store { get; }

    /// <summary>Services of this attempt's own scope.</summary>
    public IServiceProvider Services { get; }

    public ILogger Logger { get; }

    /// <summary>Cancelled when the deployment is stopped, when the attempt takes too long, and when the worker stops.</summary>
    public CancellationToken CancellationToken { get; }

    /// <summary>The errors that wrapped functions have noted.</summary>
    public IReadOnlyList<LoggedError> Errors => _errors;

    /// <summary>When the job last gave a sign of life; the beginning of time when it has not.</summary>
    public DateTimeOffset LastSign { get; private set; }

    /// <summary>The clock of <see cref="LastSign"/>.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>
    /// Stores data of this job at once, before anything else happens, so that its rollback handler finds it whatever
    /// crashed. Earlier data of the kind is replaced.
    /// </summary>
    /// <param name="data">Small; what it refers to is better kept elsewhere.</param>
    /// <param name="kind">1 to 100 characters; not <c>input</c>.</param>
    /// <exception cref="AttemptFencedException">Another worker has taken the step over.</exception>
    /// <exception cref="DataNotSerializableException">It cannot be stored.</exception>
    public Task SetAsync<T>(T data, string kind = JobKind)
        where T : notnull
    {
        if (kind is JobContext.InputKind or "" || kind.Length > 100)
            throw new ArgumentException($"'{kind}' is not a kind for data: 1 to 100 characters, not '{InputKind}'.", nameof(kind));
        return _data.SetAsync(Job, kind, DataTypes.Write(data), CancellationToken);
    }

    /// <summary>Data that was stored; default when there is none.</summary>
    /// <param name="kind">As it was stored; <c>input</c>: what the job took.</param>
    /// <param name="job">Of which job; null: of this one.</param>
    /// <exception cref="EntryWithoutDataException">There is an entry and nothing in it.</exception>
    public async Task<T?> GetAsync<T>(string kind = JobKind, string? job = null) =>
        await _data.GetAsync(job ?? Job, kind, CancellationToken) is { } value ? (T)DataTypes.Read(value, typeof(T)) : default;

    /// <summary>Data that was stored, as the type that it was stored as; null when there is none.</summary>
    /// <inheritdoc cref="GetAsync{T}"/>
    /// <exception cref="DataTypeNotFoundException">Its type is not known here.</exception>
    public async Task<object?> GetAsync(string kind = JobKind, string? job = null) =>
        await _data.GetAsync(job ?? Job, kind, CancellationToken) is { } value ? DataTypes.Read(value) : null;

    /// <summary>
    /// Holds the attempt until a transaction ends, so that what commits with it was done by the worker that has the step.
    /// Called last, before the commit.
    /// </summary>
    /// <exception cref="AttemptFencedException">Another worker has taken the step over.</exception>
    public Task FenceAsync(DurableTransaction transaction) => _data.FenceAsync(transaction, CancellationToken);

    /// <summary>A sign of life, for jobs with a <see cref="JobPolicy.HeartbeatTimeout"/>.</summary>
    public void Heartbeat() => LastSign = Time.GetUtcNow();

    /// <summary>Notes an error that did not fail the job: a row among the deployment's errors.</summary>
    public void LogError(Exception error) => _errors.Add(new LoggedError(error.Message));

    /// <summary>
    /// True when an exception is the cancellation of this attempt, which no handler may swallow.
    /// </summary>
    public bool IsCancelled(Exception error) =>
        error is AttemptFencedException || (error is OperationCanceledException && CancellationToken.IsCancellationRequested);

    internal TJob Instance<TJob>()
        where TJob : class, IActionJob =>
        (TJob)(_instance ??= ActivatorUtilities.GetServiceOrCreateInstance<TJob>(Services));
}

/// <summary>Which step of which deployment.</summary>
public sealed record JobIdentity
{
    public required Guid DeploymentId { get; init; }
    public required string GroupId { get; init; }

    /// <summary>Empty: none.</summary>
    public string Application { get; init; } = "";
    public required string Action { get; init; }
    public required string Job { get; init; }
    public int Attempt { get; init; } = 1;
    public bool IsRollback { get; init; }
}

/// <summary>An error that a wrapped function noted.</summary>
public sealed record LoggedError(string Message);

/// <summary>Where the data of a deployment is kept.</summary>
public interface IJobData
{
    /// <exception cref="AttemptFencedException">Another worker has taken the step over.</exception>
    Task SetAsync(string job, string kind, JobValue value, CancellationToken cancellationToken);

    Task<JobValue?> GetAsync(string job, string kind, CancellationToken cancellationToken);

    /// <inheritdoc cref="JobContext.FenceAsync"/>
    Task FenceAsync(DurableTransaction transaction, CancellationToken cancellationToken);
}
