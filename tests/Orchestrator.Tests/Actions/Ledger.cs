using System.Collections.Concurrent;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Actions;

/// <summary>
/// An append-only file that other processes write to through this one: each line of a deployment once, as any service
/// does that is told the same thing twice. A test can make it refuse a line, or keep its writer waiting.
/// </summary>
public sealed class Ledger : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _file = Path.GetTempFileName();
    private readonly Lock _writing = new();
    private readonly HashSet<string> _written = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _refused = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _held = new(StringComparer.Ordinal);

    private Ledger(WebApplication app)
    {
        _app = app;
        app.MapPost("/{deployment}/{attempt:int}", TakeAsync);
    }

    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/";

    /// <summary>Every telling: deployment, attempt and line.</summary>
    public ConcurrentQueue<(Guid Deployment, int Attempt, string Line)> Told { get; } = new();

    public static async Task<Ledger> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
        var ledger = new Ledger(builder.Build());
        await ledger._app.StartAsync(TestContext.Current.CancellationToken);
        return ledger;
    }

    /// <summary>The lines of a deployment as they are in the file.</summary>
    public IReadOnlyList<string> LinesOf(Guid deployment)
    {
        lock (_writing)
            return [.. File.ReadAllLines(_file).Where(line => line.StartsWith($"{deployment} ", StringComparison.Ordinal)).Select(line => line[37..])];
    }

    /// <summary>Lines that begin so are refused from now on.</summary>
    public void Refuse(string beginning) => _refused[beginning] = true;

    public void Allow(string beginning) => _refused.TryRemove(beginning, out _);

    /// <summary>Writers of lines that begin so wait until they are released.</summary>
    public void Hold(string beginning) => _held[beginning] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Release(string beginning)
    {
        if (_held.TryRemove(beginning, out var held))
            held.TrySetResult();
    }

    public Task UntilToldAsync(Guid deployment, string beginning) => Wait.UntilAsync(
        () => Task.FromResult(Told.Any(telling => telling.Deployment == deployment && telling.Line.StartsWith(beginning, StringComparison.Ordinal))),
        $"told '{beginning}'");

    public async ValueTask DisposeAsync()
    {
        foreach (var held in _held.Values)
            held.TrySetResult();
        await _app.DisposeAsync();
        File.Delete(_file);
    }

    private async Task<IResult> TakeAsync(Guid deployment, int attempt, HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        var line = await reader.ReadToEndAsync(http.RequestAborted);
        Told.Enqueue((deployment, attempt, line));
        if (_held.FirstOrDefault(held => line.StartsWith(held.Key, StringComparison.Ordinal)).Value is { } wait)
            await wait.Task.WaitAsync(http.RequestAborted);
        if (_refused.Keys.Any(beginning => line.StartsWith(beginning, StringComparison.Ordinal)))
            return Results.Conflict();
        lock (_writing)
        {
            if (_written.Add($"{deployment} {line}"))
                File.AppendAllText(_file, $"{deployment} {line}\n");
        }

        return Results.Ok();
    }
}
