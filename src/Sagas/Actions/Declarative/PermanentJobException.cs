namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>A job of ours failed in a way that another attempt does not mend.</summary>
public class PermanentJobException : Exception
{
    public PermanentJobException(string message)
        : base(message)
    {
    }

    public PermanentJobException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>A reference points to something that is not there.</summary>
public sealed class UnresolvedReferenceException(string reference, string reason)
    : PermanentJobException($"${{{reference}}} has no value: {reason}");

/// <summary>Parameters that references have filled in are not what the job takes.</summary>
public sealed class InvalidParametersException(string problem) : PermanentJobException($"the parameters are not allowed: {problem}");
