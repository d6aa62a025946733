using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Local.Servers;

namespace Orchestrator.Local.Demo.Instances;

/// <summary>
/// Stands in for GitHub where runners ask for work: hands each job to one runner, and remembers to which. A runner that finds
/// no job waits for one.
/// </summary>
internal sealed class JobCounter : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly HttpListener _listener = new();
    private readonly Queue<(long Id, JsonObject Job)> _waiting = new();
    private readonly Dictionary<string, List<long>> _taken = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _available = new(0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private readonly Task _serving;

    public JobCounter()
    {
        Address = new Uri($"http://127.0.0.1:{FreePort.Next()}/take");
        _listener.Prefixes.Add($"{Address.GetLeftPart(UriPartial.Authority)}/");
        _listener.Start();
        _serving = Task.Run(ServeAsync);
    }

    /// <summary>Where runners ask.</summary>
    public Uri Address { get; }

    /// <summary>The jobs that each runner got.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<long>> Taken
    {
        get
        {
            lock (_lock)
                return _taken.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<long>)[.. pair.Value], StringComparer.Ordinal);
        }
    }

    public void Add(long id, JsonObject job)
    {
        lock (_lock)
            _waiting.Enqueue((id, job));
        _available.Release();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _serving;
        _listener.Close();
        _stopping.Dispose();
        _available.Dispose();
    }

    private async Task ServeAsync()
    {
        var answers = new List<Task>();
        try
        {
            while (!_stopping.IsCancellationRequested)
            {
                answers.Add(AnswerAsync(await _listener.GetContextAsync()));
                answers.RemoveAll(answer => answer.IsCompleted);
            }
        }
        catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
        {
            // Stopped.
        }

        await Task.WhenAll(answers);
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            var job = await NextAsync(context.Request.QueryString["runner"] ?? "");
            context.Response.StatusCode = job is null ? 204 : 200;
            if (job is not null)
            {
                context.Response.ContentType = "application/json";
                await context.Response.OutputStream.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(job));
            }

            context.Response.Close();
        }
        catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException or InvalidOperationException)
        {
            // The runner went, or the demo is over.
        }
    }

    private async Task<JsonObject?> NextAsync(string runner)
    {
        try
        {
            if (!await _available.WaitAsync(Patience, _stopping.Token))
                return null;
        }
        catch (OperationCanceledException)
        {
            return null;
        }

        lock (_lock)
        {
            var (id, job) = _waiting.Dequeue();
            if (!_taken.TryGetValue(runner, out var jobs))
                _taken[runner] = jobs = [];
            jobs.Add(id);
            return job;
        }
    }
}
