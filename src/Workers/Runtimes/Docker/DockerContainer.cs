using System.Net;
using System.Text.Json.Nodes;

namespace Orchestrator.Workers.Runtimes.Docker;

/// <summary>A container of a Docker engine.</summary>
internal sealed class DockerContainer : IContainer
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(200);

    private readonly DockerEngine _engine;
    private readonly DockerOutput? _output;
    private readonly bool _removes;
    private readonly ILogger _logger;

    /// <param name="engine">Where it runs.</param>
    /// <param name="id">Our id of it.</param>
    /// <param name="handle">The engine's id of it.</param>
    /// <param name="output">What it writes; null when it has ended already.</param>
    /// <param name="removes">Whether it is removed when it has ended by itself.</param>
    /// <param name="logger">Told what the engine would not do.</param>
    public DockerContainer(DockerEngine engine, string id, string handle, DockerOutput? output, bool removes, ILogger logger)
    {
        (_engine, Id, Handle, _output, _removes, _logger) = (engine, id, handle, output, removes, logger);
        Exit = WaitAsync();
    }

    public string Id { get; }

    public string Handle { get; }

    public Task<ContainerExit> Exit { get; }

    public async Task<int?> FindProcessAsync(CancellationToken cancellationToken)
    {
        try
        {
            var (_, container) = await _engine.AskAsync(HttpMethod.Get, $"/containers/{Handle}/json", null, cancellationToken);
            var pid = (int?)container?["State"]?["Pid"] ?? 0;
            // The engine may be on another machine, or count from another root than we do: then the number is somebody else's.
            return pid > 0 && File.ReadAllText($"/proc/{pid}/cgroup").Contains(Handle, StringComparison.Ordinal) ? pid : null;
        }
        catch (Exception exception) when (exception is HttpRequestException or TimeoutException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public async Task SignalAsync(int signal, CancellationToken cancellationToken)
    {
        if (!Exit.IsCompleted)
            await _engine.AskAsync(HttpMethod.Post, $"/containers/{Handle}/kill?signal={signal}", null, cancellationToken);
    }

    public async Task KillAsync()
    {
        while (!Exit.IsCompleted)
        {
            try
            {
                await _engine.AskAsync(HttpMethod.Post, $"/containers/{Handle}/kill?signal=9", null, CancellationToken.None);
            }
            catch (Exception exception) when (exception is HttpRequestException or TimeoutException)
            {
                _logger.LogWarning("Docker container {Container} cannot be killed now, which is tried again: {Reason}", Id, exception.Message);
            }

            await Task.WhenAny(Exit, Task.Delay(Retry * 5));
        }
    }

    public Task PauseAsync(CancellationToken cancellationToken) => _engine.AskAsync(HttpMethod.Post, $"/containers/{Handle}/pause", null, cancellationToken);

    public Task ResumeAsync(CancellationToken cancellationToken) => _engine.AskAsync(HttpMethod.Post, $"/containers/{Handle}/unpause", null, cancellationToken);

    public async Task<ContainerStats?> ReadStatsAsync(CancellationToken cancellationToken)
    {
        var (status, stats) = await _engine.AskAsync(HttpMethod.Get, $"/containers/{Handle}/stats?stream=false&one-shot=true", null, cancellationToken);
        if (status is not HttpStatusCode.OK || stats?["memory_stats"]?["usage"] is null)
            return null;
        var cpu = stats["cpu_stats"]?["cpu_usage"];
        return new ContainerStats
        {
            MemoryBytes = (long?)stats["memory_stats"]!["usage"] ?? 0,
            MemoryLimitBytes = (long?)(double?)stats["memory_stats"]!["limit"] ?? 0,
            Cpu = Nanoseconds(cpu?["total_usage"]),
            CpuUser = Nanoseconds(cpu?["usage_in_usermode"]),
            CpuKernel = Nanoseconds(cpu?["usage_in_kernelmode"]),
        };
    }

    public ValueTask DrainOutputAsync(CancellationToken cancellationToken) => _output?.DrainAsync(cancellationToken) ?? ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await RemoveAsync();
    }

    private static TimeSpan Nanoseconds(JsonNode? value) => TimeSpan.FromTicks(((long?)value ?? 0) / TimeSpan.NanosecondsPerTick);

    // However long the engine is away: the container may be alive meanwhile.
    private async Task<ContainerExit> WaitAsync()
    {
        ContainerExit? exit;
        while ((exit = await TryWaitAsync()) is null)
            await Task.Delay(Retry);
        if (_output is not null)
        {
            await Task.WhenAny(_output.End, Task.Delay(TimeSpan.FromSeconds(2)));
            await _output.DisposeAsync();
        }

        if (_removes)
            await RemoveAsync();
        return exit;
    }

    private async Task<ContainerExit?> TryWaitAsync()
    {
        try
        {
            using (var response = await _engine.OpenAsync(HttpMethod.Post, $"/containers/{Handle}/wait?condition=not-running", CancellationToken.None))
            {
                if (response.StatusCode is HttpStatusCode.NotFound)
                    return new ContainerExit(null, null, OutOfMemory: false);
                // The header comes at once, the body with the end.
                await response.Content.LoadIntoBufferAsync();
            }

            var (status, container) = await _engine.AskAsync(HttpMethod.Get, $"/containers/{Handle}/json", null, CancellationToken.None);
            if (status is HttpStatusCode.NotFound)
                return new ContainerExit(null, null, OutOfMemory: false);
            var state = container?["State"];
            if ((bool?)state?["Running"] != false)
                return null;
            var code = (int?)state["ExitCode"] ?? 0;
            var outOfMemory = (bool?)state["OOMKilled"] == true;
            return code is > 128 and < 193 ? new ContainerExit(null, code - 128, outOfMemory) : new ContainerExit(code, null, outOfMemory);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or TimeoutException)
        {
            return null;
        }
    }

    private async Task RemoveAsync()
    {
        try
        {
            await _engine.AskAsync(HttpMethod.Delete, $"/containers/{Handle}?force=true&v=true", null, CancellationToken.None);
        }
        catch (Exception exception) when (exception is HttpRequestException or TimeoutException)
        {
            _logger.LogWarning("Docker container {Container} has ended but cannot be removed: {Reason}", Id, exception.Message);
        }
    }
}
