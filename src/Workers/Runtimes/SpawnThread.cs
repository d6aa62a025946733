using System.Collections.Concurrent;

namespace Orchestrator.Workers.Runtimes;

/// <summary>
/// The one thread that forks. The kernel sends a child its parent-death signal when the *thread* that forked it ends, so a
/// thread of the pool, which may retire at any time, must not do it.
/// </summary>
internal static class SpawnThread
{
    private static readonly BlockingCollection<Action> Work = [];

    static SpawnThread() => new Thread(Loop) { IsBackground = true, Name = "spawn" }.Start();

    public static Task<T> RunAsync<T>(Func<T> spawn)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Work.Add(() =>
        {
            try
            {
                result.SetResult(spawn());
            }
            catch (Exception exception)
            {
                result.SetException(exception);
            }
        });
        return result.Task;
    }

    private static void Loop()
    {
        foreach (var action in Work.GetConsumingEnumerable())
            action();
    }
}
