namespace Orchestrator.Sagas.Duties;

/// <summary>Something that one of the workers does again and again.</summary>
public interface IDuty
{
    /// <summary>Short and unique; one replica at a time does the duty of this name.</summary>
    string Name { get; }

    /// <summary>From one start to the next.</summary>
    TimeSpan Interval { get; }

    Task RunAsync(CancellationToken cancellationToken);
}
