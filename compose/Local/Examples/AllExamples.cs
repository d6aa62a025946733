using Orchestrator.Local.Run;

namespace Orchestrator.Local.Examples;

/// <summary>The examples of this checkout.</summary>
internal static class AllExamples
{
    private static readonly IExample[] Examples =
    [
        new LaunchSimulation(),
        new Functions.FunctionExamples(),
        new RunnerExample(),
    ];

    /// <summary>What the hosts need for them.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Settings => Examples.SelectMany(example => example.Settings);

    /// <exception cref="RunFailedException">One of them was refused.</exception>
    public static async Task RegisterAsync(RunContext run, CancellationToken cancellationToken)
    {
        foreach (var example in Examples)
        {
            try
            {
                await example.RegisterAsync(run, cancellationToken);
            }
            catch (HttpRequestException exception)
            {
                throw new RunFailedException($"An example cannot be registered: {exception.Message}");
            }
        }
    }

    /// <summary>Ends what users have left running.</summary>
    public static void Stop()
    {
        foreach (var example in Examples)
            example.Stop();
    }
}
