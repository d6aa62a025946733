using System.Diagnostics.CodeAnalysis;
using System.Net.Http.Headers;
using Microsoft.Extensions.Options;

namespace Orchestrator.Sagas.Outbound;

/// <summary>
/// Sends the requests that users direct: only to permitted targets, never along a redirect, bounded in time and size,
/// and with nothing of ours in them but a user agent and the trace.
/// </summary>
public sealed class OutboundClient : IDisposable
{
    private const int BufferSize = 16 * 1024;

    private readonly OutboundGuard _guard;
    private readonly OutboundOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _client;

    [SuppressMessage("Reliability", "CA2000", Justification = "The client owns its handler.")]
    public OutboundClient(OutboundGuard guard, OutboundConnector connector, IOptions<OutboundOptions> options, TimeProvider time)
    {
        (_guard, _options, _time) = (guard, options.Value, time);
        _client = new HttpClient(connector.CreateHandler(_options.ConnectTimeout)) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <param name="request">Its headers are sent as they are.</param>
    /// <param name="timeout">How long the request may take with its answer; <c>Outbound:Timeout</c> bounds it.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <exception cref="OutboundRefusedException">The target is not permitted.</exception>
    /// <exception cref="TimeoutException">It took too long.</exception>
    /// <exception cref="HttpRequestException">There is no connection or no valid answer.</exception>
    public async Task<OutboundAnswer> SendAsync(HttpRequestMessage request, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        var url = request.RequestUri ?? throw new ArgumentException("The request has no address.", nameof(request));
        _guard.ThrowIfRefused(url);
        if (request.Headers.UserAgent.Count == 0 && !request.Headers.NonValidated.Contains("User-Agent"))
            request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Orchestrator", typeof(OutboundClient).Assembly.GetName().Version!.ToString(2)));

        var bound = timeout is { } asked && asked < _options.Timeout ? asked : _options.Timeout;
        using var deadline = new CancellationTokenSource(bound, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            var (body, isWhole) = await ReadAsync(response.Content, either.Token);
            return new OutboundAnswer(response.StatusCode, HeadersOf(response), body, isWhole);
        }
        catch (HttpRequestException exception) when (exception.InnerException is OutboundRefusedException refused)
        {
            throw new OutboundRefusedException(refused.Message);
        }
        catch (OperationCanceledException exception) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{url.Host} did not answer within {bound.TotalSeconds:0.###} s.", exception);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{url.Host} took no connection within {_options.ConnectTimeout.TotalSeconds:0.###} s.", exception);
        }
    }

    public void Dispose() => _client.Dispose();

    private static Dictionary<string, string> HeadersOf(HttpResponseMessage response) =>
        response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
            .GroupBy(header => header.Key.ToLowerInvariant(), StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => string.Join(", ", group.SelectMany(header => header.Value)), StringComparer.Ordinal);

    private async Task<(byte[] Body, bool IsWhole)> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        using var body = new MemoryStream();
        var buffer = new byte[BufferSize];
        while (body.Length <= _options.MaximumAnswerBytes && await stream.ReadAsync(buffer, cancellationToken) is var read and > 0)
            body.Write(buffer, 0, read);
        var isWhole = body.Length <= _options.MaximumAnswerBytes;
        body.SetLength(Math.Min(body.Length, _options.MaximumAnswerBytes));
        return (body.ToArray(), isWhole);
    }
}
