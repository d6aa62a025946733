using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;

namespace HelloCsharp;

/// <summary>What a function can know of the call that it serves.</summary>
/// <param name="CallId">The call; the same call may come again after a crash.</param>
/// <param name="Deadline">After it the function is killed.</param>
/// <param name="Headers">Of the request.</param>
public sealed record CallContext(string CallId, DateTimeOffset Deadline, IHeaderDictionary Headers);

/// <summary>
/// A small function development kit: the contract between the function server and a container (http-stream) on Kestrel
/// and a unix socket.
/// </summary>
public static class Fdk
{
    private const string Scheme = "unix:";
    private const string Hidden = "phony-";

    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web);

    /// <summary>Serves calls until the server ends the process; what the handler returns is the answer, as JSON.</summary>
    /// <exception cref="InvalidOperationException">The environment is not that of a function server.</exception>
    public static async Task HandleAsync(Func<Stream, CallContext, CancellationToken, Task<object>> handler)
    {
        var listener = Environment.GetEnvironmentVariable("FN_LISTENER") ?? "";
        if (Environment.GetEnvironmentVariable("FN_FORMAT") is not "http-stream" || !listener.StartsWith(Scheme, StringComparison.Ordinal))
            throw new InvalidOperationException("FN_FORMAT must be http-stream and FN_LISTENER unix:PATH: run this on a function server.");
        var socket = listener[Scheme.Length..];
        var (directory, name) = (Path.GetDirectoryName(socket)!, Path.GetFileName(socket));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(Path.Combine(directory, Hidden + name)));
        await using var app = builder.Build();
        app.MapPost("/call", http => ServeAsync(http, handler));
        await app.StartAsync();
        File.SetUnixFileMode(Path.Combine(directory, Hidden + name), (UnixFileMode)0b110_110_110);
        // Its name appears when it takes calls, and not before.
        File.CreateSymbolicLink(socket, Hidden + name);
        await app.WaitForShutdownAsync();
    }

    private static async Task ServeAsync(HttpContext http, Func<Stream, CallContext, CancellationToken, Task<object>> handler)
    {
        http.Response.Headers["Fn-Fdk-Version"] = "fdk-csharp-example/0.0.1";
        http.Response.Headers["Fn-Fdk-Runtime"] = $"dotnet/{Environment.Version}";
        try
        {
            var headers = http.Request.Headers;
            var deadline = DateTimeOffset.Parse(headers["Fn-Deadline"].ToString(), CultureInfo.InvariantCulture);
            var answer = await handler(http.Request.Body, new CallContext(headers["Fn-Call-Id"].ToString(), deadline, headers), http.RequestAborted);
            await http.Response.WriteAsJsonAsync(answer, Json, http.RequestAborted);
        }
        catch (Exception exception) when (exception is not (OperationCanceledException or SocketException))
        {
            // The server tells its caller that the function failed; why stands in the log of the call.
            await Console.Error.WriteLineAsync(exception.ToString());
            http.Response.StatusCode = StatusCodes.Status502BadGateway;
        }
    }
}
