using Orchestrator.Local.Run;

namespace Orchestrator.Local.Demo;

/// <summary>
/// One part of the demo, with a folder of its own. It does what a user would do, from outside, and checks what comes of
/// it. Data survives between runs: it works on whatever the runs before left.
/// </summary>
internal interface IDemoPart
{
    /// <summary>The heading, as in "GitHub jobs become pressure".</summary>
    string Title { get; }

    /// <summary>Does it and prints how it went; true when everything ended as it must. What it started is gone by then.</summary>
    /// <exception cref="HttpRequestException">The API did not do what was asked; the part has failed.</exception>
    Task<bool> RunAsync(RunContext run, CancellationToken cancellationToken);
}
