using System.Diagnostics;
using Orchestrator.Workers.Runtimes.Cgroups;

namespace Orchestrator.Workers.Runtimes.Processes;

/// <summary>A child of the worker, with all that it started.</summary>
internal sealed class ProcessContainer : IContainer
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(20);

    private readonly Process _process;
    private readonly ICgroup? _cgroup;
    private readonly OutputPipe _output;
    private readonly bool _isWrapped;
    private readonly Action _remove;
    private bool _isKilled;

    /// <param name="id">Its id.</param>
    /// <param name="process">The launcher, which has become bubblewrap or the program.</param>
    /// <param name="cgroup">Where all of it is.</param>
    /// <param name="output">Where it writes to.</param>
    /// <param name="isWrapped">Whether the launcher became bubblewrap.</param>
    /// <param name="remove">Removes its files, when all is dead.</param>
    public ProcessContainer(string id, Process process, ICgroup? cgroup, OutputPipe output, bool isWrapped, Action remove)
    {
        (Id, _process, _cgroup, _output, _isWrapped, _remove) = (id, process, cgroup, output, isWrapped, remove);
        // Its parent has not waited for it yet, so the entry in /proc is there even when it has ended.
        Handle = (ProcessHandle.Of(process.Id) ?? new ProcessHandle(process.Id, 0)).ToString();
        Exit = WaitAsync();
    }

    public string Id { get; }

    public string Handle { get; }

    public Task<ContainerExit> Exit { get; }

    public Task<int?> FindProcessAsync(CancellationToken cancellationToken) => Task.FromResult<int?>(Exit.IsCompleted || _process.HasExited ? null : _process.Id);

    public Task SignalAsync(int signal, CancellationToken cancellationToken)
    {
        if (!_process.HasExited)
            Libc.Signal(ProcessTree.Program(_process.Id, _isWrapped), signal);
        return Task.CompletedTask;
    }

    public async Task KillAsync()
    {
        Volatile.Write(ref _isKilled, true);
        for (var pause = TimeSpan.FromMilliseconds(1); !Exit.IsCompleted; pause = Longer(pause))
        {
            KillOnce();
            await Task.WhenAny(Exit, Task.Delay(pause));
        }
    }

    public Task PauseAsync(CancellationToken cancellationToken)
    {
        if (!Volatile.Read(ref _isKilled))
            _cgroup?.Freeze(frozen: true);
        return Task.CompletedTask;
    }

    public Task ResumeAsync(CancellationToken cancellationToken)
    {
        _cgroup?.Freeze(frozen: false);
        return Task.CompletedTask;
    }

    public Task<ContainerStats?> ReadStatsAsync(CancellationToken cancellationToken) => Task.FromResult(_cgroup?.ReadStats());

    public ValueTask DrainOutputAsync(CancellationToken cancellationToken)
    {
        _output.Drain();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private void KillOnce()
    {
        if (_cgroup?.Kill() == true)
            return;
        // Not in its groups yet, or there are none. The end of its init process ends all in its process namespace.
        if (_process.HasExited)
            return;
        foreach (var pid in ProcessTree.Below(_process.Id).Reverse().ToList())
            Libc.Signal(pid, Libc.SigKill);
    }

    private async Task<ContainerExit> WaitAsync()
    {
        await _process.WaitForExitAsync();
        for (var pause = TimeSpan.FromMilliseconds(1); _cgroup?.Kill() == true; pause = Longer(pause))
            await Task.Delay(pause);
        _output.Drain();
        var outOfMemory = _cgroup?.WasOutOfMemory() == true;
        for (var pause = TimeSpan.FromMilliseconds(1); _cgroup?.Remove() == false && pause < LongestPause; pause = Longer(pause))
            await Task.Delay(pause);
        _remove();
        // bubblewrap and .NET both say 128 + signal.
        return _process.ExitCode is > 128 and < 193 and var code
            ? new ContainerExit(null, code - 128, outOfMemory)
            : new ContainerExit(_process.ExitCode, null, outOfMemory);
    }

    private static TimeSpan Longer(TimeSpan pause) => pause < LongestPause ? pause * 1.5 : pause;
}
