using System.Globalization;
using System.Text;

namespace Orchestrator.Workers.Calls.Agent;

/// <summary>What a function answered.</summary>
internal sealed record FdkResponse(int Status, IReadOnlyList<KeyValuePair<string, string>> Headers, ReadOnlyMemory<byte> Body);

/// <summary>A function's answer is none.</summary>
internal sealed class FdkResponseException(InvocationFailure failure) : Exception(failure.Message())
{
    public InvocationFailure Failure { get; } = failure;
}

/// <summary>The status and the headers of an answer, those of the connection taken out.</summary>
internal sealed record FdkResponseHead(int Status, List<KeyValuePair<string, string>> Headers, long? Length, bool IsChunked, bool Closes)
{
    private static readonly HashSet<string> HopByHop = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
        "Content-Length",
    };

    public bool HasNoBody => Status is 204 or 304;

    /// <param name="bytes">From the status line to the empty line, both with it.</param>
    /// <exception cref="FdkResponseException">It is no HTTP/1.</exception>
    public static FdkResponseHead Parse(ReadOnlySpan<byte> bytes)
    {
        var lineEnd = bytes.IndexOf("\r\n"u8);
        var line = bytes[..lineEnd];
        if (line.Length < 12 || !line.StartsWith("HTTP/1."u8) || line[8] != ' '
            || !int.TryParse(line[9..12], NumberStyles.None, CultureInfo.InvariantCulture, out var status) || status < 100)
            throw Invalid();

        var headers = new List<KeyValuePair<string, string>>(8);
        long? length = null;
        var isChunked = false;
        var closes = line[7] == '0';
        for (bytes = bytes[(lineEnd + 2)..]; (lineEnd = bytes.IndexOf("\r\n"u8)) > 0; bytes = bytes[(lineEnd + 2)..])
        {
            line = bytes[..lineEnd];
            var colon = line.IndexOf((byte)':');
            if (colon <= 0 || line[..colon].IndexOfAny(" \t"u8) >= 0)
                throw Invalid();
            var name = Encoding.Latin1.GetString(line[..colon]);
            var value = Encoding.UTF8.GetString(line[(colon + 1)..].Trim(" \t"u8));
            if (!HopByHop.Contains(name))
                headers.Add(new(name, value));
            else if (name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
                length = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && (length ?? number) == number ? number : throw Invalid();
            else if (name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase))
                isChunked = value.Equals("chunked", StringComparison.OrdinalIgnoreCase) ? true : throw Invalid();
            else if (name.Equals("Connection", StringComparison.OrdinalIgnoreCase))
                closes = value.Contains("close", StringComparison.OrdinalIgnoreCase) || (closes && !value.Contains("keep-alive", StringComparison.OrdinalIgnoreCase));
        }

        return new FdkResponseHead(status, headers, length, isChunked, closes);
    }

    private static FdkResponseException Invalid() => new(InvocationFailure.InvalidResponse);
}
