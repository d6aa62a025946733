using Orchestrator.Local.Run;

namespace Orchestrator.Local.Examples;

/// <summary>Something below <c>examples/</c> that every <c>./run</c> registers, with or without the demo.</summary>
internal interface IExample
{
    /// <summary>Settings that the API and the workers need for it, as environment variables (<c>Section__Key</c>).</summary>
    IEnumerable<KeyValuePair<string, string>> Settings => [];

    /// <summary>Makes it known to the system that is up; it may be known already, from an earlier run.</summary>
    /// <exception cref="HttpRequestException">The API refused it.</exception>
    Task RegisterAsync(RunContext run, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Ends what users have started with it and left running.</summary>
    void Stop()
    {
    }
}
