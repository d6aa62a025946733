using System.Globalization;
using System.Net.Sockets;
using Orchestrator.Workers.Runtimes;

namespace Orchestrator.Workers.Calls.Agent;

/// <summary>A container of one function that takes one call at a time.</summary>
internal sealed class HotContainer : IAsyncDisposable
{
    // Where the FDKs expect the directory of their socket.
    private const string SocketDirectory = "/tmp/iofs";

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LaterLook = TimeSpan.FromMilliseconds(5);

    /// <summary>A function that wrote more than a pipe holds may not be done with it when it answers: Node writes behind its own back.</summary>
    private const int MuchOutput = 32 * 1024;

    private const int LooksForOutput = 200;
    private const int LooksUntilQuiet = 5;

    private readonly IContainer _container;
    private readonly FdkConnection _connection;
    private readonly CallLogs _logs;
    private readonly string _directory;
    private CancellationTokenSource _deadline = new();

    private HotContainer(FunctionSpec function, IContainer container, FdkConnection connection, CallLogs logs, string directory) =>
        (Function, _container, _connection, _logs, _directory) = (function, container, connection, logs, directory);

    public FunctionSpec Function { get; }

    public string Handle => _container.Handle;

    public Task<ContainerExit> Exit => _container.Exit;

    /// <summary>How many calls it has served.</summary>
    public int Calls { get; private set; }

    /// <summary>Since when it idles, in milliseconds of the system's uptime.</summary>
    public long IdleSince { get; set; }

    public bool IsPaused { get; private set; }

    /// <summary>What the call that it serves used so far.</summary>
    public CallStats? Stats { get; private set; }

    /// <summary>Starts a container and waits until it accepts calls.</summary>
    /// <param name="runtime">What starts it.</param>
    /// <param name="function">Whose it is.</param>
    /// <param name="options">The bounds.</param>
    /// <param name="socketRoot">Where its socket's directory is made.</param>
    /// <param name="log">Gets what it writes meanwhile.</param>
    /// <param name="cancellationToken">Breaks the start off.</param>
    /// <exception cref="FunctionStartException">It did not become ready.</exception>
    public static async Task<HotContainer> StartAsync(IRuntime runtime, FunctionSpec function, FunctionsOptions options, string socketRoot, CallLog log, CancellationToken cancellationToken)
    {
        var id = $"fn-{Guid.CreateVersion7():N}";
        var directory = $"{socketRoot}/{id}";
        RuntimeDirectory.CreatePrivate(directory);
        var logs = new CallLogs { Current = log };
        IContainer? container = null;
        try
        {
            container = await runtime.StartAsync(Spec(runtime, function, options, id, directory, logs), cancellationToken);
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(options.StartTimeout);
            var connection = await UntilReadyAsync(container, directory, options, deadline.Token);
            await container.DrainOutputAsync(cancellationToken);
            logs.Current = null;
            return new HotContainer(function, container, connection, logs, directory);
        }
        catch (Exception exception)
        {
            var exit = container?.Exit is { IsCompletedSuccessfully: true } ended ? await ended : null;
            if (container is not null)
                await container.DisposeAsync();
            RuntimeDirectory.Remove(directory);
            throw exception switch
            {
                OperationCanceledException when cancellationToken.IsCancellationRequested => exception,
                OperationCanceledException => Failed(InvocationFailure.StartTimedOut, log, string.Create(CultureInfo.InvariantCulture, $"no socket within {options.StartTimeout.TotalSeconds} s")),
                ImageException image => new FunctionStartException(InvocationFailure.Image, image.Status, image.Message),
                BadSocketException or SocketException => Failed(InvocationFailure.StartFailed, log, exception.Message),
                ContainerEndedException => Failed(InvocationFailure.StartFailed, log, exit is null ? exception.Message : Describe(exit)),
                ContainerStartException => Failed(InvocationFailure.StartFailed, log, exception.Message),
                _ => exception,
            };
        }
    }

    /// <summary>
    /// Runs one call. When it returns anything but a success or a failure that the function itself told, the container is dead.
    /// </summary>
    public async Task<InvocationOutcome> CallAsync(Invocation invocation, CallLog log, TimeProvider time, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var startedAt = time.GetUtcNow();
        var started = time.GetTimestamp();
        Calls++;
        Stats = new CallStats();
        _logs.Current = log;
        if (!_deadline.TryReset())
            _deadline = new CancellationTokenSource();
        _deadline.CancelAfter(timeout);
        FdkResponse? response = null;
        InvocationFailure? failure = null;
        await using (cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _deadline))
        {
            try
            {
                response = await _connection.CallAsync(invocation.Headers, invocation.CallId, startedAt + timeout, invocation.Body, _deadline.Token);
                failure = response.Status switch
                {
                    200 => null,
                    502 => InvocationFailure.FunctionFailed,
                    504 => InvocationFailure.FunctionTimedOut,
                    _ => InvocationFailure.InvalidResponse,
                };
            }
            catch (OperationCanceledException)
            {
                failure = cancellationToken.IsCancellationRequested ? InvocationFailure.Cancelled : InvocationFailure.TimedOut;
            }
            catch (FdkResponseException exception)
            {
                failure = exception.Failure;
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException or IOException)
            {
                failure = InvocationFailure.BadExit;
            }
        }

        var duration = time.GetElapsedTime(started);
        if (failure is InvocationFailure.BadExit)
            failure = await WhyItEndedAsync(log);
        if (IsSpoiled(failure))
            await _container.KillAsync();
        await _container.DrainOutputAsync(CancellationToken.None);
        if (log.Written > MuchOutput && !IsSpoiled(failure))
            await UntilQuietAsync(log);
        _logs.Current = null;
        var stats = Stats.Points;
        Stats = null;
        return new InvocationOutcome
        {
            Failure = failure,
            Message = failure?.Message(),
            Status = failure?.Status() ?? 200,
            Headers = failure is null ? response!.Headers : [],
            Body = failure is null ? response!.Body : ReadOnlyMemory<byte>.Empty,
            StartedAt = startedAt,
            ExecutionDuration = duration,
            Handle = Handle,
            Log = log.Bytes,
            Stats = stats,
        };
    }

    /// <summary>Whether the container can serve another call after one that ended so.</summary>
    public static bool IsSpoiled(InvocationFailure? failure) => failure is not (null or InvocationFailure.FunctionFailed or InvocationFailure.FunctionTimedOut);

    public async Task PauseAsync()
    {
        IsPaused = true;
        await _container.PauseAsync(CancellationToken.None);
    }

    private async ValueTask ResumeAsync()
    {
        if (!IsPaused)
            return;
        IsPaused = false;
        await _container.ResumeAsync(CancellationToken.None);
    }

    /// <summary>Thaws and connects it; false when it has died while it idled. Nothing has been sent to it then.</summary>
    public async ValueTask<bool> PrepareAsync(CancellationToken cancellationToken)
    {
        await ResumeAsync();
        if (_container.Exit.IsCompleted)
            return false;
        if (_connection.IsFresh())
            return true;
        try
        {
            await _connection.ConnectAsync(cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Takes one point for the call that it serves.</summary>
    public async Task SampleAsync(DateTimeOffset now)
    {
        if (Stats is { } stats && await _container.ReadStatsAsync(CancellationToken.None) is { } used)
            stats.Add(now, used);
    }

    public Task KillAsync() => _container.KillAsync();

    private async Task UntilQuietAsync(CallLog log)
    {
        for (var (looks, quiet) = (0, 0); looks < LooksForOutput && quiet < LooksUntilQuiet; looks++)
        {
            var before = log.Written;
            await Task.Delay(LaterLook);
            await _container.DrainOutputAsync(CancellationToken.None);
            quiet = log.Written == before ? quiet + 1 : 0;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _container.DisposeAsync();
        _connection.Dispose();
        _deadline.Dispose();
        RuntimeDirectory.Remove(_directory);
    }

    private static ContainerSpec Spec(IRuntime runtime, FunctionSpec function, FunctionsOptions options, string id, string directory, CallLogs logs)
    {
        var mount = new ContainerMount { Source = directory, Target = SocketDirectory, Writable = true };
        var tmpfs = function.TmpfsMiB > 0 ? function.TmpfsMiB : options.TmpfsMiB;
        var environment = new Dictionary<string, string>(function.Config, StringComparer.Ordinal)
        {
            ["FN_FORMAT"] = "http-stream",
            ["FN_LISTENER"] = $"unix:{runtime.PathInside(mount)}/{FdkSocket.FileName}",
            ["FN_TYPE"] = "sync",
            ["FN_MEMORY"] = function.MemoryMiB.ToString(CultureInfo.InvariantCulture),
            ["FN_TMPSIZE"] = tmpfs.ToString(CultureInfo.InvariantCulture),
            ["FN_APP_ID"] = function.AppId,
            ["FN_FN_ID"] = function.FnId,
            ["FN_APP_NAME"] = function.AppName,
            ["FN_FN_NAME"] = function.FnName,
        };
        return new ContainerSpec
        {
            Id = id,
            Purpose = ContainerPurposes.Function,
            Image = function.Image,
            Environment = environment,
            MemoryMiB = function.MemoryMiB,
            MilliCpus = function.MilliCpus,
            MaxProcesses = options.MaxProcesses,
            MaxOpenFiles = options.MaxOpenFiles,
            TmpfsMiB = tmpfs,
            Network = function.Network,
            Mounts = [mount],
            Labels = new Dictionary<string, string>(StringComparer.Ordinal) { ["fn_id"] = function.FnId, ["app_id"] = function.AppId },
            Output = logs,
        };
    }

    private static async Task<FdkConnection> UntilReadyAsync(IContainer container, string directory, FunctionsOptions options, CancellationToken cancellationToken)
    {
        for (var looks = 0; ; looks++)
        {
            if (FdkSocket.Find(directory) is { } socket)
            {
                var connection = new FdkConnection(socket, options.MaxResponseHeaderBytes, options.MaxResponseBytes);
                try
                {
                    await connection.ConnectAsync(cancellationToken);
                    return connection;
                }
                catch (SocketException exception) when (exception.SocketErrorCode is SocketError.ConnectionRefused && !container.Exit.IsCompleted)
                {
                    // A name without a listener behind it, so far.
                    connection.Dispose();
                }
                catch
                {
                    connection.Dispose();
                    throw;
                }
            }

            if (container.Exit.IsCompleted)
                throw new ContainerEndedException();
            await Task.Delay(looks < 500 ? Look : LaterLook, cancellationToken);
        }
    }

    // A broken connection mostly means that the process ends; which of the two is noticed first is chance.
    private async Task<InvocationFailure> WhyItEndedAsync(CallLog log)
    {
        await Task.WhenAny(_container.Exit, Task.Delay(TimeSpan.FromSeconds(1)));
        var endedItself = _container.Exit.IsCompleted;
        await _container.KillAsync();
        var exit = await _container.Exit;
        if (exit.OutOfMemory)
        {
            log.WriteLine("container out of memory, you may want to raise fn.memory for this function");
            return InvocationFailure.OutOfMemory;
        }

        if (!endedItself)
            return InvocationFailure.BadExit;
        log.WriteLine($"container {exit}");
        return exit.Signal is not null ? InvocationFailure.Killed : InvocationFailure.BadExit;
    }

    private static string Describe(ContainerExit exit) => exit.OutOfMemory
        ? "container out of memory, you may want to raise fn.memory for this function"
        : $"container {exit} before it made its socket";

    private static FunctionStartException Failed(InvocationFailure failure, CallLog log, string why)
    {
        log.WriteLine(why);
        return new FunctionStartException(failure, failure.Status(), failure.Message());
    }

    private sealed class ContainerEndedException() : Exception("The container ended before it made its socket.");
}

/// <summary>A container did not become ready to take calls.</summary>
internal sealed class FunctionStartException(InvocationFailure failure, int status, string message) : Exception(message)
{
    public InvocationFailure Failure { get; } = failure;

    public int Status { get; } = status;
}
