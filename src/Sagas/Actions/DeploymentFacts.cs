using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Sagas.Actions;

/// <summary>What becomes known about an attempt; the outside tells a deployment the rest by commands.</summary>
public interface IAttemptFact
{
    /// <summary>Which attempt: of another one than the current it is late, and ignored.</summary>
    int Attempt { get; }
}

/// <summary>A job returned.</summary>
/// <param name="Attempt"><inheritdoc cref="IAttemptFact.Attempt" path="/summary"/></param>
/// <param name="Output">The next job's input.</param>
/// <param name="Store">The shared state after it.</param>
/// <param name="Errors">What wrapped functions noted.</param>
public sealed record JobSucceeded(int Attempt, JobValue Output, JobValue? Store, IReadOnlyList<string> Errors) : IAttemptFact;

/// <summary>A job threw.</summary>
/// <param name="Attempt"><inheritdoc cref="IAttemptFact.Attempt" path="/summary"/></param>
/// <param name="Error">The error's text.</param>
/// <param name="ErrorType">Name of the exception's type.</param>
/// <param name="Store"><inheritdoc cref="JobSucceeded" path="/param[@name='Store']"/></param>
/// <param name="Errors"><inheritdoc cref="JobSucceeded" path="/param[@name='Errors']"/></param>
/// <param name="RetryAfter">When the job is to be tried again; null: it has failed.</param>
public sealed record JobFailed(
    int Attempt, string Error, string ErrorType, JobValue? Store, IReadOnlyList<string> Errors, TimeSpan? RetryAfter) : IAttemptFact;

/// <summary>A rollback handler returned.</summary>
public sealed record JobUndone(int Attempt, JobValue? Store, IReadOnlyList<string> Errors) : IAttemptFact;

/// <summary>A rollback handler threw.</summary>
public sealed record JobUndoFailed(int Attempt, string Error, JobValue? Store, IReadOnlyList<string> Errors, TimeSpan? RetryAfter) : IAttemptFact;

/// <summary>The worker that had the attempt is gone, or handed it back.</summary>
/// <param name="Attempt"><inheritdoc cref="IAttemptFact.Attempt" path="/summary"/></param>
/// <param name="IsHandedBack">True when the worker stops in good order: it does not count.</param>
/// <param name="Limit">So many losses fail the step.</param>
public sealed record AttemptLost(int Attempt, bool IsHandedBack, int Limit) : IAttemptFact;

/// <summary>For too long no worker has known the list of jobs.</summary>
/// <param name="Attempt"><inheritdoc cref="IAttemptFact.Attempt" path="/summary"/></param>
/// <param name="Bound">How long.</param>
public sealed record JobListUnknown(int Attempt, TimeSpan Bound) : IAttemptFact;
