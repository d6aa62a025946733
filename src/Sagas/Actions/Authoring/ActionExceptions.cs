namespace Orchestrator.Sagas.Actions.Authoring;

/// <summary>Something about an action that its author, or its caller, has to put right. Each kind has a type of its own.</summary>
public abstract class ActionException(string message) : Exception(message);

/// <summary>An action without a job.</summary>
public sealed class EmptyJobSequenceException() : ActionException("job sequence is empty");

/// <summary>Two jobs of one action have the same name.</summary>
public sealed class JobNamesNotUniqueException(string job)
    : ActionException($"job name {job} is not unique: jobs names must be unique")
{
    public string Job { get; } = job;
}

/// <summary>Null was registered as an action.</summary>
public sealed class ActionIsNilException() : ActionException("action is nil");

/// <summary>An action was registered, or executed, without a name.</summary>
public sealed class NoActionNameException()
    : ActionException("tried to generate an application action name with no action name");

/// <summary>The application has an action of that name already.</summary>
public sealed class ActionExistsException(string? application, string action)
    : ActionException($"action already exists: {ActionKey.Describe(application, action)}");

/// <summary>Neither the application nor all of them have an action of that name.</summary>
public sealed class ActionNotFoundException(string? application, string action)
    : ActionException($"action not found: {ActionKey.Describe(application, action)}");

/// <summary>A job returned nothing.</summary>
public sealed class NilOutputException() : ActionException("job cannot return nil, pass through the input value instead");

/// <summary>A user stopped the deployment.</summary>
public sealed class ExecutionStoppedException() : ActionException(Text)
{
    public const string Text = "action execution was stopped by a user command";
}

/// <summary>A deployment was to go on and its action is not known.</summary>
public sealed class RestoreWithoutActionException() : ActionException("cannot restore an execute input with no action");

/// <summary>A deployment was to go on and it does not exist.</summary>
public sealed class RestoreWithoutDeploymentException() : ActionException("cannot restore an execute input with no deployment");

/// <summary>A job asked for data of which there is an entry, with nothing in it.</summary>
public sealed class EntryWithoutDataException() : ActionException("an entry for the type and job was found, but there is no data");

/// <summary>Stored data has a type alias that no job of this process declares.</summary>
public sealed class DataTypeNotFoundException(string alias) : ActionException($"job data type not found: {alias}");

/// <summary>A job takes another type than the one that reaches it.</summary>
public sealed class InputMismatchException(string job, string expected, string actual)
    : ActionException($"job {job} takes {expected}, but {actual} reaches it");

/// <summary>A job returned another type than the one that it declares.</summary>
public sealed class OutputMismatchException(string job, string expected, string actual)
    : ActionException($"job {job} declares to return {expected}, but returned {actual}");

/// <summary>Data of this type cannot be stored as JSON and read back.</summary>
public sealed class DataNotSerializableException(Type type, string reason)
    : ActionException($"data of type {type.Name} cannot be stored: {reason}");

/// <summary>The type has no stable alias, or another type has the same.</summary>
public sealed class DataAliasException(string message) : ActionException(message);

/// <summary>A job is not complete: it lacks a name, an execute function or a sensible policy.</summary>
public sealed class InvalidJobException(string job, string reason) : ActionException($"job '{job}' is not valid: {reason}");

/// <summary>An extension has an execute function; make a new job instead.</summary>
public sealed class ExecuteCannotBeExtendedException(string job)
    : ActionException($"job {job} cannot be extended with another execute function: make a new job instead");

/// <summary>An attempt took longer than the job's policy allows.</summary>
public sealed class AttemptTimedOutException(TimeSpan timeout) : ActionException($"the attempt took longer than {timeout}");

/// <summary>A job that promised to give signs of life gave none.</summary>
public sealed class HeartbeatMissedException(TimeSpan timeout) : ActionException($"the job gave no sign of life for {timeout}");

/// <summary>
/// Another worker has taken the step over: whatever this one still writes is refused, and what it returns is dropped.
/// </summary>
public sealed class AttemptFencedException() : ActionException("the step has been taken over by another attempt");
