using System.Net;
using System.Threading.Channels;
using Orchestrator.Sagas.Calls;

namespace Orchestrator.Tests.Calls;

/// <summary>A server that is told of calls, and refuses the first times.</summary>
internal sealed class CallbackTarget : IAsyncDisposable
{
    private readonly Channel<(string Signature, string Body)> _told = Channel.CreateUnbounded<(string, string)>();
    private readonly WebApplication _app;

    private CallbackTarget(int refusals)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.MapPost("/told", async (HttpContext http) =>
        {
            using var reader = new StreamReader(http.Request.Body);
            _told.Writer.TryWrite((http.Request.Headers[CallCallbacks.SignatureHeader].ToString(), await reader.ReadToEndAsync(TestContext.Current.CancellationToken)));
            http.Response.StatusCode = Interlocked.Decrement(ref refusals) >= 0 ? 503 : 204;
        });
    }

    public string Url => $"{_app.Urls.Single()}/told";

    public static async Task<CallbackTarget> StartAsync(int refusals)
    {
        var target = new CallbackTarget(refusals);
        await target._app.StartAsync(TestContext.Current.CancellationToken);
        return target;
    }

    /// <exception cref="OperationCanceledException">Nothing came in time.</exception>
    public async Task<(string Signature, string Body)> NextAsync()
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        return await _told.Reader.ReadAsync(deadline.Token);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
