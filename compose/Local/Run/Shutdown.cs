using System.Runtime.InteropServices;

namespace Orchestrator.Local.Run;

/// <summary>The first Ctrl-C (or SIGTERM) asks for an orderly end, the second one ends at once.</summary>
internal sealed class Shutdown : IDisposable
{
    private const int ExitCodeOfInterrupt = 130;

    private readonly CancellationTokenSource _requested = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _signals;

    public Shutdown() =>
        _registrations = [.. ((PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP]).Select(signal => PosixSignalRegistration.Create(signal, OnSignal))];

    public CancellationToken Requested => _requested.Token;

    public Task WaitAsync() => Task.Delay(Timeout.Infinite, _requested.Token).ContinueWith(_ => { }, TaskScheduler.Default);

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _requested.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _signals) == 1)
            _requested.Cancel();
        else
            EndNow();
    }

    private static void EndNow()
    {
        EnvFile.Delete();
        RunLock.Forget();
        Environment.Exit(ExitCodeOfInterrupt); // The kernel takes the children along.
    }
}
