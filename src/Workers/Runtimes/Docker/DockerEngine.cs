using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Workers.Runtimes.Docker;

/// <summary>The few calls of the Docker Engine API that are needed, over its unix socket. podman's service answers them too.</summary>
internal sealed class DockerEngine : IDisposable
{
    // Of Docker 20.10, the oldest that Debian and Ubuntu still carry; later engines know it too.
    private const string Version = "/v1.41";

    private readonly HttpClient _client;
    private readonly TimeSpan _timeout;

    public DockerEngine(string socketPath, TimeSpan timeout)
    {
        _timeout = timeout;
        _client = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        })
        {
            BaseAddress = new Uri("http://docker"),
            // Some answers come when a container ends, which may be never.
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Sends a request and gives the status and the body as JSON, whatever they are; no body is null.</summary>
    /// <exception cref="HttpRequestException">The engine is away.</exception>
    /// <exception cref="TimeoutException">It did not answer in time.</exception>
    public async Task<(HttpStatusCode Status, JsonNode? Body)> AskAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(_timeout);
        try
        {
            using var response = await SendAsync(method, path, body, HttpCompletionOption.ResponseContentRead, deadline.Token);
            var text = await response.Content.ReadAsStringAsync(deadline.Token);
            return (response.StatusCode, Parse(text));
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"The Docker engine did not answer {method} {path} within {_timeout.TotalSeconds:0} s.", exception);
        }
    }

    /// <summary>As <see cref="AskAsync"/>, for what must succeed.</summary>
    /// <param name="method">The HTTP method.</param>
    /// <param name="path">Without the version.</param>
    /// <param name="body">JSON, or null.</param>
    /// <param name="accepted">Another status that is as good as success.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ContainerStartException">The engine refused; its words are the message.</exception>
    public async Task<JsonNode?> RequireAsync(HttpMethod method, string path, JsonNode? body, HttpStatusCode? accepted, CancellationToken cancellationToken)
    {
        var (status, answer) = await AskAsync(method, path, body, cancellationToken);
        return (int)status < 400 || status == accepted ? answer : throw new ContainerStartException($"Docker: {MessageOf(answer) ?? status.ToString()}");
    }

    /// <summary>An answer that comes bit by bit, or late; the caller disposes it.</summary>
    public Task<HttpResponseMessage> OpenAsync(HttpMethod method, string path, CancellationToken cancellationToken) =>
        SendAsync(method, path, null, HttpCompletionOption.ResponseHeadersRead, cancellationToken);

    public static string? MessageOf(JsonNode? answer) => (string?)(answer as JsonObject)?["message"];

    public void Dispose() => _client.Dispose();

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, JsonNode? body, HttpCompletionOption completion, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, $"{Version}{path}");
        if (body is not null)
            request.Content = JsonContent.Create(body);
        return await _client.SendAsync(request, completion, cancellationToken);
    }

    private static JsonNode? Parse(string text)
    {
        try
        {
            return text.Length == 0 ? null : JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return new JsonObject { ["message"] = text };
        }
    }
}
