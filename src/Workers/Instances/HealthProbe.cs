using System.Net;
using System.Net.Sockets;
using Orchestrator.Sagas.Instances;

namespace Orchestrator.Workers.Instances;

/// <summary>Asks one program whether it is well.</summary>
public sealed class HealthProbe : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(1) })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Null when it is well, else what is wrong.</summary>
    public async Task<string?> CheckAsync(HealthCheck check, int port, CancellationToken cancellationToken)
    {
        if (check.Type is HealthCheckTypes.Process)
            return null;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(check.TimeoutSeconds));
        try
        {
            return check.Type is HealthCheckTypes.Tcp ? await ConnectAsync(port, patience.Token) : await GetAsync(port, check.Path, patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return FormattableString.Invariant($"no answer on port {port} within {check.TimeoutSeconds} s");
        }
        catch (Exception exception) when (exception is SocketException or HttpRequestException or IOException)
        {
            return $"port {port}: {exception.GetBaseException().Message}";
        }
    }

    public void Dispose() => _http.Dispose();

    private static async Task<string?> ConnectAsync(int port, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
        return null;
    }

    private async Task<string?> GetAsync(int port, string path, CancellationToken cancellationToken)
    {
        using var response = await _http.GetAsync(new Uri($"http://127.0.0.1:{port}{path}"), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return (int)response.StatusCode is >= 200 and < 400 ? null : $"{path} answers {(int)response.StatusCode}";
    }
}
