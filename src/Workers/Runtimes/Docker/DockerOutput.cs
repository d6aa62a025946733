using System.Buffers.Binary;

namespace Orchestrator.Workers.Runtimes.Docker;

/// <summary>What a container writes, as the engine passes it on: frames with a header each.</summary>
internal sealed class DockerOutput : IAsyncDisposable
{
    private const int HeaderLength = 8;

    // The engine does not say when it has passed all on. This is what it needs at most on an idle machine, many times over.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(200);

    private readonly HttpResponseMessage _response;
    private readonly IOutputSink _sink;
    private readonly CancellationTokenSource _stop = new();
    private long _lastRead = Environment.TickCount64;

    private DockerOutput(HttpResponseMessage response, IOutputSink sink)
    {
        (_response, _sink) = (response, sink);
        End = ReadAsync();
    }

    /// <summary>Completes when the container can write no more. Never faults.</summary>
    public Task End { get; }

    /// <summary>Attaches to a container, which may not have started yet.</summary>
    public static async Task<DockerOutput> AttachAsync(DockerEngine engine, string container, IOutputSink sink, CancellationToken cancellationToken)
    {
        var response = await engine.OpenAsync(HttpMethod.Post, $"/containers/{container}/attach?stream=1&stdout=1&stderr=1", cancellationToken);
        if (response.IsSuccessStatusCode)
            return new DockerOutput(response, sink);
        using (response)
            throw new ContainerStartException($"Docker: its output cannot be read ({(int)response.StatusCode})");
    }

    /// <summary>Waits until nothing more comes.</summary>
    public async ValueTask DrainAsync(CancellationToken cancellationToken)
    {
        var start = Environment.TickCount64;
        do
        {
            await Task.WhenAny(End, Task.Delay(Quiet, cancellationToken));
        }
        while (!End.IsCompleted && Environment.TickCount64 - Volatile.Read(ref _lastRead) < Quiet.TotalMilliseconds
            && Environment.TickCount64 - start < LongestWait.TotalMilliseconds);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await End;
        _response.Dispose();
        _stop.Dispose();
    }

    private async Task ReadAsync()
    {
        var header = new byte[HeaderLength];
        var buffer = new byte[16 * 1024];
        try
        {
            await using var stream = await _response.Content.ReadAsStreamAsync(_stop.Token);
            while (await stream.ReadAtLeastAsync(header, HeaderLength, throwOnEndOfStream: false, _stop.Token) == HeaderLength)
            {
                var kind = header[0] == 2 ? OutputStream.Stderr : OutputStream.Stdout;
                for (var left = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(4)); left > 0;)
                {
                    var count = await stream.ReadAsync(buffer.AsMemory(0, Math.Min(left, buffer.Length)), _stop.Token);
                    if (count == 0)
                        return;
                    left -= count;
                    Volatile.Write(ref _lastRead, Environment.TickCount64);
                    _sink.Write(kind, buffer.AsSpan(0, count));
                }
            }
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException or OperationCanceledException or ObjectDisposedException)
        {
            // The engine is gone, or nobody wants to know any more.
        }
    }
}
