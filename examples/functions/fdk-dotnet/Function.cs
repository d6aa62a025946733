using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Orchestrator.Fdk;

/// <summary>
/// Makes a function of a program: listens where <c>FN_LISTENER</c> says, and hands each call to a handler. It does what the FDKs of
/// other languages do: a handler that fails is answered 502, one that sees its deadline pass 504.
/// </summary>
public static class Function
{
    private const int WrongConfiguration = 2;

    // Anything but the name that is agreed on: a link with that name says when it accepts calls.
    private const string SocketName = "phony-lsnr.sock";

    private static readonly string Version = $"fdk-dotnet/{typeof(Function).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]}";

    /// <summary>Serves calls until the process is told to end; gives the exit code.</summary>
    public static async Task<int> RunAsync(Func<FunctionCall, CancellationToken, Task<FunctionAnswer>> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        const string scheme = "unix:";
        if (Environment.GetEnvironmentVariable("FN_FORMAT") is not "http-stream" || Environment.GetEnvironmentVariable("FN_LISTENER") is not { } listener
            || !listener.StartsWith(scheme, StringComparison.Ordinal))
        {
            await Console.Error.WriteLineAsync("FN_FORMAT=http-stream and FN_LISTENER=unix:/path are needed.");
            return WrongConfiguration;
        }

        var link = listener[scheme.Length..];
        var directory = Path.GetDirectoryName(link)!;
        var socket = Path.Combine(directory, SocketName);
        File.Delete(link);
        File.Delete(socket);

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.ListenUnixSocket(socket);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
        });
        builder.Logging.ClearProviders();
        await using var app = builder.Build();
        app.Run(context => AnswerAsync(context, handler));
        await app.StartAsync();
        File.SetUnixFileMode(socket, (UnixFileMode)0b110_110_110);
        File.CreateSymbolicLink(link, SocketName);
        await ((IHost)app).WaitForShutdownAsync();
        return 0;
    }

    private static async Task AnswerAsync(HttpContext context, Func<FunctionCall, CancellationToken, Task<FunctionAnswer>> handler)
    {
        var (request, response) = (context.Request, context.Response);
        response.Headers["Fn-Fdk-Version"] = Version;
        response.Headers["Fn-Fdk-Runtime"] = $"dotnet/{Environment.Version}";
        if (request.Method != HttpMethods.Post || request.Path != "/call")
        {
            await FailAsync(response, StatusCodes.Status400BadRequest, "Invalid method", "Bad request");
            return;
        }

        var body = new MemoryStream();
        await request.Body.CopyToAsync(body, context.RequestAborted);
        DateTimeOffset? deadline = DateTimeOffset.TryParse(request.Headers["Fn-Deadline"], CultureInfo.InvariantCulture, out var time) ? time : null;
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        if (deadline - TimeProvider.System.GetUtcNow() is { } left)
            cancel.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        try
        {
            var answer = await handler(new FunctionCall(request.Headers["Fn-Call-Id"].ToString(), deadline, request.Headers, body.GetBuffer().AsMemory(0, (int)body.Length)), cancel.Token);
            response.ContentType = answer.ContentType;
            response.ContentLength = answer.Body.Length;
            if (answer.HttpStatus is { } status)
                response.Headers["Fn-Http-Status"] = status.ToString(CultureInfo.InvariantCulture);
            foreach (var (name, value) in answer.Headers)
                response.Headers[name] = value;
            await response.Body.WriteAsync(answer.Body, context.RequestAborted);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            await FailAsync(response, StatusCodes.Status504GatewayTimeout, "Timed out", "The deadline has passed");
        }
        catch (Exception exception)
        {
            await Console.Error.WriteLineAsync(exception.ToString());
            await FailAsync(response, StatusCodes.Status502BadGateway, "Exception in function, consult logs for details", exception.GetType().Name);
        }
    }

    private static async Task FailAsync(HttpResponse response, int status, string message, string detail)
    {
        if (response.HasStarted)
            return;
        response.Clear();
        response.StatusCode = status;
        response.ContentType = "application/json";
        await response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(new { message, detail }));
    }
}
