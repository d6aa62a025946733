using System.Globalization;
using Orchestrator.Sagas.Instances;
using Orchestrator.Workers.Runtimes;

namespace Orchestrator.Workers.Instances;

/// <summary>What the supervisions of a node share.</summary>
internal sealed record SupervisionTools(
    string System, IRuntime Runtime, NodeReports Reports, HealthProbe Probe, InstancesOptions Instances, NodeOptions Node, SemaphoreSlim Starts, TimeProvider Time, ILogger Logger);

/// <summary>
/// One claim from its start to its end: starts the program, tells when it is healthy, restarts nothing, and gives the claim
/// back when nothing runs of it any more. Whatever it fails with, the program is dead before the claim is given back.
/// </summary>
internal sealed class Supervision(SupervisionTools tools, ClaimedWork work, IContainer? adopted)
{
    private static readonly TimeSpan AnswerInterval = TimeSpan.FromMilliseconds(100);

    private readonly OutputTail _output = new();
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _abort = new();
    private readonly SemaphoreSlim _changed = new(0);
    private volatile ClaimedWork _work = work;
    private volatile bool _isLeaving;

    public Claim Claim => _work.Claim;

    /// <summary>Completes when the claim is given back, or is no longer ours.</summary>
    public Task Done { get; private set; } = Task.CompletedTask;

    public void Start() => Done = Task.Run(RunAsync);

    /// <summary>The order was read again.</summary>
    public void Follow(ClaimedWork order)
    {
        lock (_lock)
        {
            if (_isLeaving || order.Goal == _work.Goal)
                return;
            _work = order;
        }

        _changed.Release();
    }

    /// <summary>The claim is another's: end what runs, and say nothing.</summary>
    public void Abort() => _abort.Cancel();

    /// <summary>The worker stops: end what runs within a time, and say that the node is gone.</summary>
    public void Leave(TimeSpan grace)
    {
        lock (_lock)
        {
            _work = _work with { Goal = Goal.End, Grace = _work.Goal is Goal.End && _work.Grace < grace ? _work.Grace : grace };
            _isLeaving = true;
        }

        _changed.Release();
    }

    // The question is over, unless something else is wanted by now.
    private void Unask()
    {
        lock (_lock)
        {
            if (_work.Goal is Goal.Ask)
                _work = _work with { Goal = Goal.Run };
        }
    }

    private async Task RunAsync()
    {
        try
        {
            var end = await LiveAsync(_abort.Token);
            if (end is not null)
                await tools.Reports.EndedAsync(Claim, end, _abort.Token);
        }
        catch (OperationCanceledException) when (_abort.IsCancellationRequested)
        {
            tools.Logger.LogInformation("Instance {Instance}, attempt {Attempt}, is no longer ours", Claim.Instance, Claim.Attempt);
        }
        catch (Exception exception)
        {
            tools.Logger.LogError(exception, "The supervision of instance {Instance} failed", Claim.Instance);
            await tools.Reports.EndedAsync(Claim, new ProgramEnded(Claim.Attempt, Reasons.StartFailed, exception.Message), CancellationToken.None);
        }
    }

    private async Task<ProgramEnded?> LiveAsync(CancellationToken abort)
    {
        if (_work.Goal is Goal.End && adopted is null)
            return Ending("it had not been started");
        IContainer container;
        try
        {
            container = adopted ?? await StartAsync(abort);
        }
        catch (Exception exception) when (exception is ImageException or ContainerStartException or IOException or UnauthorizedAccessException)
        {
            return new ProgramEnded(Claim.Attempt, Reasons.StartFailed, exception.Message);
        }

        await using (container)
        {
            var record = new HealthRecord(_work.Spec.HealthCheck);
            var isHealthyAtOnce = _work.Spec.HealthCheck is { Type: HealthCheckTypes.Process, HealthyThreshold: 1 } && record.Take(passed: true) is HealthChange.Healthy;
            if (!await tools.Reports.StartedAsync(Claim, container.Handle, isHealthyAtOnce, abort))
                return null;
            return await WatchAsync(container, record, abort);
        }
    }

    private async Task<IContainer> StartAsync(CancellationToken abort)
    {
        await tools.Starts.WaitAsync(abort);
        try
        {
            return await tools.Runtime.StartAsync(Spec(), abort);
        }
        finally
        {
            tools.Starts.Release();
        }
    }

    private async Task<ProgramEnded> WatchAsync(IContainer container, HealthRecord record, CancellationToken abort)
    {
        var check = _work.Spec.HealthCheck;
        var interval = TimeSpan.FromSeconds(check.IntervalSeconds);
        var startedAt = tools.Time.GetTimestamp();
        long? askedAt = null;
        var next = Task.CompletedTask;
        var never = Task.Delay(Timeout.InfiniteTimeSpan, abort);
        var answer = never;
        var changed = _changed.WaitAsync(abort);
        while (true)
        {
            await Task.WhenAny(container.Exit, changed, next, answer);
            abort.ThrowIfCancellationRequested();
            if (container.Exit.IsCompleted)
                return await ExitedAsync(container, abort);
            if (changed.IsCompleted)
                changed = _changed.WaitAsync(abort);
            if (_work.Goal is Goal.End)
                return await EndAsync(container, abort);
            askedAt = await AskAsync(container, askedAt, abort);
            answer = askedAt is null ? never : Task.Delay(AnswerInterval, tools.Time, abort);
            if (!next.IsCompleted)
                continue;
            if (check.Type is not HealthCheckTypes.Process || !record.IsHealthy)
                await CheckAsync(record, tools.Time.GetElapsedTime(startedAt), abort);
            next = Task.Delay(NextLook(check, record, interval), tools.Time, abort);
        }
    }

    // A process that is well tells by itself when it is not: its exit.
    private static TimeSpan NextLook(HealthCheck check, HealthRecord record, TimeSpan interval)
    {
        if (check.Type is HealthCheckTypes.Process && record.IsHealthy)
            return TimeSpan.FromHours(1);
        // Until it is up it is looked for often: the interval is for those that are.
        return record.IsHealthy ? interval : TimeSpan.FromSeconds(Math.Min(interval.TotalSeconds, 0.25));
    }

    private async Task CheckAsync(HealthRecord record, TimeSpan age, CancellationToken abort)
    {
        var check = _work.Spec.HealthCheck;
        var problem = await tools.Probe.CheckAsync(check, PortOf(check), abort);
        if (problem is not null && age < TimeSpan.FromSeconds(check.InitialDelaySeconds ?? 0))
            return;
        switch (record.Take(problem is null))
        {
            case HealthChange.Healthy:
                await tools.Reports.HealthyAsync(Claim, abort);
                break;
            case HealthChange.Unhealthy:
                await tools.Reports.UnhealthyAsync(Claim, problem!, abort);
                break;
        }
    }

    // A runner that stays although it was asked says no: it works, whatever we know of its job.
    private async Task<long?> AskAsync(IContainer container, long? askedAt, CancellationToken abort)
    {
        if (_work.Goal is not Goal.Ask)
            return null;
        if (askedAt is not { } since)
        {
            if (RunnerQuestion.IsUnderstoodBy(await container.FindProcessAsync(abort)))
            {
                await SignalAsync(container, RunnerQuestion.Signal, abort);
                return tools.Time.GetTimestamp();
            }

            await tools.Reports.DeclinedAsync(Claim, canAnswer: false, abort);
            Unask();
            return null;
        }

        if (tools.Time.GetElapsedTime(since) < tools.Instances.AskPatience)
            return since;
        await tools.Reports.DeclinedAsync(Claim, canAnswer: true, abort);
        Unask();
        return null;
    }

    // An engine that does not answer is no reason to end what runs.
    private async Task SignalAsync(IContainer container, int signal, CancellationToken abort)
    {
        try
        {
            await container.SignalAsync(signal, abort);
        }
        catch (Exception exception) when (exception is HttpRequestException or TimeoutException)
        {
            tools.Logger.LogWarning("Instance {Instance} cannot be sent signal {Signal}: {Reason}", Claim.Instance, signal, exception.Message);
        }
    }

    private async Task<ProgramEnded> EndAsync(IContainer container, CancellationToken abort)
    {
        const int terminate = 15;
        if (_work.Grace > TimeSpan.Zero)
        {
            await SignalAsync(container, terminate, abort);
            await Task.WhenAny(container.Exit, Task.Delay(_work.Grace, tools.Time, abort));
        }

        await container.KillAsync();
        return Ending($"it was ended: {await container.Exit}");
    }

    private async Task<ProgramEnded> ExitedAsync(IContainer container, CancellationToken abort)
    {
        var exit = await container.Exit;
        await container.DrainOutputAsync(abort);
        var last = exit.Code is 0 ? null : _output.LastLines();
        return _work.Goal is Goal.End
            ? Ending($"it ended: {exit}") with { ExitCode = exit.Code }
            : new ProgramEnded(Claim.Attempt, Reasons.Exited, last is null ? exit.ToString() : $"{exit}: {last}") { ExitCode = exit.Code ?? 128 + exit.Signal };
    }

    private ProgramEnded Ending(string detail) => _isLeaving
        ? new ProgramEnded(Claim.Attempt, Reasons.NodeLost, $"node {Claim.Node} stopped")
        : new ProgramEnded(Claim.Attempt, Reasons.Ended, detail);

    private int PortOf(HealthCheck check)
    {
        var spec = _work.Spec;
        var index = check.Port is { } port ? spec.Ports.ToList().IndexOf(port) : 0;
        return index >= 0 && index < _work.Ports.Count ? _work.Ports[index] : 0;
    }

    private ContainerSpec Spec()
    {
        var spec = _work.Spec;
        var environment = new Dictionary<string, string>(spec.Env, StringComparer.Ordinal)
        {
            ["ORCHESTRATOR_INSTANCE"] = Claim.Instance.ToString(),
            ["ORCHESTRATOR_INSTANCE_ID"] = spec.Id.ToString(CultureInfo.InvariantCulture),
            ["ORCHESTRATOR_APP"] = spec.AppName,
            ["ORCHESTRATOR_NODE"] = Claim.Node,
        };
        for (var i = 0; i < _work.Ports.Count; i++)
        {
            var port = _work.Ports[i].ToString(CultureInfo.InvariantCulture);
            if (i == 0)
                environment.TryAdd("PORT", port);
            environment[$"PORT_{spec.Ports[i].ToString(CultureInfo.InvariantCulture)}"] = port;
        }

        return new ContainerSpec
        {
            Id = IdOf(Claim),
            Purpose = ContainerPurposes.Instance,
            Image = spec.Image,
            Command = spec.Command,
            Environment = environment,
            MemoryMiB = _work.MemoryMiB,
            MilliCpus = _work.MilliCpus,
            MaxProcesses = tools.Node.MaxProcesses,
            MaxOpenFiles = 4096,
            Network = ContainerNetwork.Host,
            Labels = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                [ClaimLabel.System] = tools.System,
                [ClaimLabel.Instance] = Claim.Instance.ToString(),
                [ClaimLabel.Attempt] = Claim.Attempt.ToString(CultureInfo.InvariantCulture),
            },
            Output = _output,
        };
    }

    private static string IdOf(Claim claim) => FormattableString.Invariant($"i{claim.Instance:N}-{claim.Attempt}");
}

/// <summary>Labels by which a container is found to belong to a claim.</summary>
internal static class ClaimLabel
{
    public const string System = "orchestrator.system";
    public const string Instance = "orchestrator.instance";
    public const string Attempt = "orchestrator.attempt";

    /// <summary>The claim behind a container; null when it is none of this system's.</summary>
    public static (Guid Instance, int Attempt)? Of(FoundContainer container, string system) =>
        container.Labels.TryGetValue(System, out var of) && string.Equals(of, system, StringComparison.Ordinal)
        && container.Labels.TryGetValue(Instance, out var instance) && Guid.TryParse(instance, out var guid)
        && container.Labels.TryGetValue(Attempt, out var attempt) && int.TryParse(attempt, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? (guid, number)
            : null;
}
