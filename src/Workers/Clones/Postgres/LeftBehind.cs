using System.Globalization;
using System.Text;
using Orchestrator.Workers.Clones.Storage;

namespace Orchestrator.Workers.Clones.Postgres;

/// <summary>Processes of a worker that died: the kernel ends them with it, and this waits until they are gone.</summary>
internal static class LeftBehind
{
    private const int Kill = 9;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Ends all that carry the mark of a storage that we hold, so that nobody else can have started them since.</summary>
    /// <exception cref="IOException">Some do not end.</exception>
    public static async Task EndAsync(Guid storageId, ILogger log, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Patience);
        var seen = new HashSet<int>();
        while (Marked(storageId) is { Count: > 0 } left)
        {
            foreach (var (pid, descriptor) in left)
            {
                if (seen.Add(pid))
                    log.LogWarning("Ending process {Pid}, which an earlier worker left behind", pid);
                SystemCalls.SignalProcess(descriptor, Kill);
                SystemCalls.Close(descriptor);
            }

            if (deadline.IsCancellationRequested)
                throw new IOException($"processes of an earlier worker do not end: {string.Join(", ", left.Select(process => process.Pid))}");
            await Task.Delay(Interval, cancellationToken);
        }
    }

    /// <summary>Opened before they are looked at, so that a signal never reaches another process that got the same id.</summary>
    private static List<(int Pid, int Descriptor)> Marked(Guid storageId)
    {
        var mark = Encoding.ASCII.GetBytes($"{Sandbox.Marker}={storageId:N}\0");
        var found = new List<(int, int)>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || pid == Environment.ProcessId)
                continue;
            var descriptor = -1;
            try
            {
                descriptor = SystemCalls.OpenProcess(pid);
                if (descriptor >= 0 && File.ReadAllBytes($"/proc/{pid}/environ").AsSpan().IndexOf(mark) >= 0)
                {
                    found.Add((pid, descriptor));
                    continue;
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Gone, or somebody else's.
            }

            if (descriptor >= 0)
                SystemCalls.Close(descriptor);
        }

        return found;
    }
}
