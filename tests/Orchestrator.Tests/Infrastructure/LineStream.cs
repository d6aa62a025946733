namespace Orchestrator.Tests.Infrastructure;

/// <summary>An answer that does not end, read line by line with a deadline.</summary>
public sealed class LineStream : IDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _reader;

    private LineStream(HttpResponseMessage response, Stream stream) => (_response, _reader) = (response, new StreamReader(stream));

    public string? ContentType => _response.Content.Headers.ContentType?.MediaType;

    public HttpResponseMessage Response => _response;

    public static async Task<LineStream> OpenAsync(HttpClient client, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal(200, (int)response.StatusCode);
        return new LineStream(response, await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>The next line that is wanted; others are skipped.</summary>
    /// <exception cref="OperationCanceledException">It did not come in time.</exception>
    public async Task<string> NextAsync(Func<string, bool>? isWanted = null, TimeSpan? patience = null)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(patience ?? Wait.Patience);
        while (await _reader.ReadLineAsync(deadline.Token) is { } line)
        {
            if (isWanted is null || isWanted(line))
                return line;
        }

        throw new EndOfStreamException("The stream ended.");
    }

    public void Dispose()
    {
        _reader.Dispose();
        _response.Dispose();
    }
}
