using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Orchestrator.Api.Http;

/// <summary>
/// The server refuses a request that it cannot read, such as one with <c>%00</c> in its path, before any code of ours
/// runs, and with an empty body. This gives those answers the same form as all others.
/// </summary>
public static class RejectedRequests
{
    public static ListenOptions UseProblemsForRejectedRequests(this ListenOptions listen)
    {
        listen.Use(next => connection =>
        {
            connection.Transport = new Transport(connection.Transport);
            return next(connection);
        });
        return listen;
    }

    /// <summary>The answer that takes the place of an empty one; null when the bytes are something else.</summary>
    public static byte[]? Replacement(ReadOnlySpan<byte> head)
    {
        if (!head.StartsWith("HTTP/1.1 4"u8) || !head.EndsWith("\r\n\r\n"u8)
            || head.IndexOf("\r\nContent-Length: 0\r\n"u8) < 0 || head.IndexOf("\r\nConnection: close\r\n"u8) < 0)
            return null;
        var text = Encoding.ASCII.GetString(head);
        var status = int.Parse(text.AsSpan(9, 3));
        var kind = Errors.OfStatus(status);
        var body = kind.Because("The request cannot be read: its first line, a header or its framing is malformed or too long.")
            .Write(System.Diagnostics.ActivityTraceId.CreateRandom().ToHexString());
        var lines = text.Replace("\r\nContent-Length: 0\r\n", $"\r\nContent-Length: {body.Length}\r\nContent-Type: {Problem.ContentType}\r\n", StringComparison.Ordinal);
        return [.. Encoding.ASCII.GetBytes(lines), .. body.Span];
    }

    private sealed class Transport(IDuplexPipe inner) : IDuplexPipe
    {
        public PipeReader Input => inner.Input;

        public PipeWriter Output { get; } = new Writer(inner.Output);
    }

    // The server writes the head of an answer with one Advance, so one look at its beginning is enough.
    private sealed class Writer(PipeWriter inner) : PipeWriter
    {
        private Memory<byte> _memory;

        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override void Advance(int bytes)
        {
            if (bytes <= _memory.Length && Replacement(_memory.Span[..bytes]) is { } answer)
                inner.Write(answer);
            else
                inner.Advance(bytes);
            _memory = default;
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => _memory = inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);

        public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
            inner.WriteAsync(source, cancellationToken);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);
    }
}
