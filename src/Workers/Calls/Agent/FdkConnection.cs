using System.Buffers;
using System.Buffers.Text;
using System.Net.Sockets;
using System.Text;

namespace Orchestrator.Workers.Calls.Agent;

/// <summary>
/// HTTP/1.1 as a function's socket needs it: one request at a time, whole bodies, on one connection that is kept. A client of our
/// own, because it must know what was sent when something breaks, and because it is in the path of every call.
/// </summary>
internal sealed class FdkConnection(FdkSocket socket, int maxHeaderBytes, int maxBodyBytes) : IDisposable
{
    // The FDKs close connections that idle, some after 5 s; a request that meets such an end would be lost.
    private static readonly TimeSpan LongestIdle = TimeSpan.FromSeconds(1);

    private const int SmallBody = 32 * 1024;

    private readonly ArrayBufferWriter<byte> _request = new(4 * 1024);
    private byte[] _buffer = new byte[8 * 1024];
    private int _start;
    private int _end;
    private Socket? _connection;
    private long _lastUse;

    /// <summary>Connects ahead of the first call.</summary>
    /// <exception cref="SocketException">Nobody listens.</exception>
    public async ValueTask ConnectAsync(CancellationToken cancellationToken)
    {
        _connection?.Dispose();
        _connection = await socket.ConnectAsync(cancellationToken);
        _start = _end = 0;
        _lastUse = Environment.TickCount64;
    }

    /// <summary>Sends one request on a connection that is fresh, and reads the whole answer.</summary>
    /// <exception cref="FdkResponseException">The answer is no answer, or too large.</exception>
    /// <exception cref="SocketException">The connection broke.</exception>
    public async ValueTask<FdkResponse> CallAsync(IReadOnlyList<KeyValuePair<string, string>> headers, string callId, DateTimeOffset deadline, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        WriteRequest(headers, callId, deadline, body);
        await SendAsync(_connection!, _request.WrittenMemory, cancellationToken);
        if (body.Length > SmallBody)
            await SendAsync(_connection!, body, cancellationToken);
        _request.ResetWrittenCount();
        var response = await ReadAsync(cancellationToken);
        _lastUse = Environment.TickCount64;
        return response;
    }

    public void Dispose()
    {
        _connection?.Dispose();
        socket.Dispose();
    }

    /// <summary>Whether it can take a request as it is; otherwise it is to be connected anew.</summary>
    public bool IsFresh() => _connection is not null && Environment.TickCount64 - _lastUse < LongestIdle.TotalMilliseconds
        && _start == _end && !_connection.Poll(0, SelectMode.SelectRead);

    private void WriteRequest(IReadOnlyList<KeyValuePair<string, string>> headers, string callId, DateTimeOffset deadline, ReadOnlyMemory<byte> body)
    {
        _request.ResetWrittenCount();
        _request.Write("POST /call HTTP/1.1\r\nHost: localhost\r\n"u8);
        for (var i = 0; i < headers.Count; i++)
        {
            var (name, value) = headers[i];
            if (!IsOurs(name) && IsClean(name) && IsClean(value))
                WriteHeader(name, value);
        }

        WriteHeader("Fn-Call-Id", callId);
        WriteName("Fn-Deadline");
        Utf8Formatter.TryFormat(deadline.UtcDateTime, _request.GetSpan(40), out var count, 'O');
        _request.Advance(count);
        _request.Write("\r\nContent-Length: "u8);
        Utf8Formatter.TryFormat(body.Length, _request.GetSpan(20), out count);
        _request.Advance(count);
        _request.Write("\r\n\r\n"u8);
        if (body.Length <= SmallBody)
            _request.Write(body.Span);
    }

    private void WriteHeader(string name, string value)
    {
        WriteName(name);
        Encoding.UTF8.GetBytes(value, _request);
        _request.Write("\r\n"u8);
    }

    private void WriteName(string name)
    {
        Encoding.UTF8.GetBytes(name, _request);
        _request.Write(": "u8);
    }

    private static bool IsOurs(string name) =>
        name.Equals("Host", StringComparison.OrdinalIgnoreCase) || name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase) || name.Equals("Connection", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Expect", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Fn-Call-Id", StringComparison.OrdinalIgnoreCase) || name.Equals("Fn-Deadline", StringComparison.OrdinalIgnoreCase);

    private static bool IsClean(string text) => text.AsSpan().IndexOfAny('\r', '\n', '\0') < 0;

    private static async ValueTask SendAsync(Socket connection, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0)
            bytes = bytes[await connection.SendAsync(bytes, SocketFlags.None, cancellationToken)..];
    }

    private async ValueTask<FdkResponse> ReadAsync(CancellationToken cancellationToken)
    {
        FdkResponseHead head;
        do
        {
            int length;
            while ((length = HeaderLength()) < 0)
            {
                if (_end - _start >= maxHeaderBytes)
                    throw new FdkResponseException(InvocationFailure.ResponseHeaderTooLarge);
                if (!await FillAsync(cancellationToken))
                    throw new SocketException((int)SocketError.ConnectionReset);
            }

            if (length > maxHeaderBytes)
                throw new FdkResponseException(InvocationFailure.ResponseHeaderTooLarge);
            head = FdkResponseHead.Parse(_buffer.AsSpan(_start, length));
            _start += length;
        }
        while (head.Status is >= 100 and < 200);

        var body = head switch
        {
            { HasNoBody: true } => ReadOnlyMemory<byte>.Empty,
            { IsChunked: true } => await ReadChunksAsync(cancellationToken),
            { Length: { } length } => await ReadLengthAsync(length, cancellationToken),
            _ => await ReadToEndAsync(cancellationToken),
        };
        if (head.Closes || head is { IsChunked: false, Length: null, HasNoBody: false })
        {
            _connection!.Dispose();
            _connection = null;
            _start = _end = 0;
        }

        return new FdkResponse(head.Status, head.Headers, body);
    }

    private int HeaderLength()
    {
        var end = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n\r\n"u8);
        return end < 0 ? -1 : end + 4;
    }

    private async ValueTask<ReadOnlyMemory<byte>> ReadLengthAsync(long length, CancellationToken cancellationToken)
    {
        if (length > maxBodyBytes)
            throw new FdkResponseException(InvocationFailure.ResponseTooLarge);
        if (length == 0)
            return ReadOnlyMemory<byte>.Empty;
        var body = new byte[length];
        var done = Take(body);
        while (done < body.Length)
        {
            var count = await _connection!.ReceiveAsync(body.AsMemory(done), SocketFlags.None, cancellationToken);
            if (count == 0)
                throw new SocketException((int)SocketError.ConnectionReset);
            done += count;
        }

        return body;
    }

    private async ValueTask<ReadOnlyMemory<byte>> ReadChunksAsync(CancellationToken cancellationToken)
    {
        var body = new ArrayBufferWriter<byte>();
        while (true)
        {
            var line = await ReadLineAsync(cancellationToken);
            var extension = line.IndexOf(';', StringComparison.Ordinal);
            if (!long.TryParse(extension < 0 ? line : line[..extension], System.Globalization.NumberStyles.AllowHexSpecifier | System.Globalization.NumberStyles.AllowTrailingWhite, null, out var size) || size < 0)
                throw new FdkResponseException(InvocationFailure.InvalidResponse);
            if (size == 0)
                break;
            if (body.WrittenCount + size > maxBodyBytes)
                throw new FdkResponseException(InvocationFailure.ResponseTooLarge);
            for (var left = (int)size; left > 0;)
            {
                if (_start == _end && !await FillAsync(cancellationToken))
                    throw new SocketException((int)SocketError.ConnectionReset);
                var count = Math.Min(left, _end - _start);
                body.Write(_buffer.AsSpan(_start, count));
                _start += count;
                left -= count;
            }

            if (await ReadLineAsync(cancellationToken) is not "")
                throw new FdkResponseException(InvocationFailure.InvalidResponse);
        }

        while (await ReadLineAsync(cancellationToken) is not "")
        {
            // Trailers say nothing to us.
        }

        return body.WrittenMemory;
    }

    private async ValueTask<ReadOnlyMemory<byte>> ReadToEndAsync(CancellationToken cancellationToken)
    {
        var body = new ArrayBufferWriter<byte>();
        do
        {
            if (body.WrittenCount + _end - _start > maxBodyBytes)
                throw new FdkResponseException(InvocationFailure.ResponseTooLarge);
            body.Write(_buffer.AsSpan(_start, _end - _start));
            _start = _end;
        }
        while (await FillAsync(cancellationToken));
        return body.WrittenMemory;
    }

    private async ValueTask<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        int end;
        while ((end = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8)) < 0)
        {
            if (_end - _start > maxHeaderBytes)
                throw new FdkResponseException(InvocationFailure.InvalidResponse);
            if (!await FillAsync(cancellationToken))
                throw new SocketException((int)SocketError.ConnectionReset);
        }

        var line = Encoding.Latin1.GetString(_buffer, _start, end);
        _start += end + 2;
        return line;
    }

    private int Take(Span<byte> target)
    {
        var count = Math.Min(target.Length, _end - _start);
        _buffer.AsSpan(_start, count).CopyTo(target);
        _start += count;
        return count;
    }

    // False at the end of the connection.
    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_start == _end)
            _start = _end = 0;
        if (_end == _buffer.Length)
        {
            if (_start > 0)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                (_start, _end) = (0, _end - _start);
            }
            else
            {
                Array.Resize(ref _buffer, _buffer.Length * 2);
            }
        }

        var count = await _connection!.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None, cancellationToken);
        _end += count;
        return count > 0;
    }
}
