using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Orchestrator.Sagas.Clones;

/// <summary>
/// Where a live server is, read from a connection string of libpq: a URI or <c>key=value</c>. Only host, port, user,
/// password, dbname and sslmode are taken; everything else libpq would do with a string (files, services, sockets,
/// options of the server) is refused.
/// </summary>
public sealed record SourceAddress
{
    private static readonly string[] SslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

    public required string Host { get; init; }
    public required int Port { get; init; }
    public required string User { get; init; }
    public required string Password { get; init; }
    public required string DbName { get; init; }
    public required string SslMode { get; init; }

    /// <summary>Reads a connection string; <paramref name="problem"/> says what is wrong with it, without any of its values.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out SourceAddress? address, [NotNullWhen(false)] out string? problem)
    {
        address = null;
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        problem = text.StartsWith("postgresql://", StringComparison.Ordinal) || text.StartsWith("postgres://", StringComparison.Ordinal)
            ? ReadUri(text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..], values)
            : ReadPairs(text, values);
        problem ??= Check(values);
        if (problem is not null)
            return false;
        address = new SourceAddress
        {
            Host = values["host"],
            Port = values.TryGetValue("port", out var port) ? int.Parse(port, CultureInfo.InvariantCulture) : 5432,
            User = values["user"],
            Password = values.GetValueOrDefault("password", ""),
            DbName = values.GetValueOrDefault("dbname", values["user"]),
            SslMode = values.GetValueOrDefault("sslmode", "prefer"),
        };
        return true;
    }

    private static string? Check(Dictionary<string, string> values)
    {
        foreach (var (key, value) in values)
        {
            if (value.Any(char.IsControl))
                return $"{key} must not hold control characters.";
        }

        if (values.GetValueOrDefault("host", "") is not { Length: > 0 and <= 253 } host || !host.All(IsOfHost))
            return "it must name a host: a name or an address, neither a socket nor a list.";
        if (values.TryGetValue("port", out var port)
            && !(int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 65536))
            return "port must be a number from 1 to 65535.";
        if (values.GetValueOrDefault("user", "").Length is 0 or > 63)
            return "it must name a user of 1 to 63 characters.";
        if (values.GetValueOrDefault("dbname", "x").Length is 0 or > 63)
            return "dbname must have 1 to 63 characters.";
        return values.TryGetValue("sslmode", out var mode) && !SslModes.Contains(mode, StringComparer.Ordinal)
            ? $"sslmode must be one of {string.Join(", ", SslModes)}."
            : null;
    }

    private static bool IsOfHost(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_' or ':';

    private static string? ReadUri(string rest, Dictionary<string, string> values)
    {
        var query = "";
        if (rest.IndexOf('?', StringComparison.Ordinal) is >= 0 and var question)
            (rest, query) = (rest[..question], rest[(question + 1)..]);
        if (rest.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash)
        {
            if (slash + 1 < rest.Length)
                values["dbname"] = rest[(slash + 1)..];
            rest = rest[..slash];
        }

        if (rest.LastIndexOf('@') is >= 0 and var at)
        {
            var credentials = rest[..at].Split(':', 2);
            values["user"] = credentials[0];
            if (credentials.Length > 1)
                values["password"] = credentials[1];
            rest = rest[(at + 1)..];
        }

        ReadHost(rest, values);
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            if (pair.Split('=', 2) is not [var key, var value])
                return "its query must be key=value pairs.";
            if (Add(Unescaped(key) ?? "", value, values) is { } problem)
                return problem;
        }

        foreach (var key in values.Keys.ToList())
        {
            if (Unescaped(values[key]) is not { } value)
                return $"{key} must be percent-encoded UTF-8.";
            values[key] = value;
        }

        return null;
    }

    private static void ReadHost(string text, Dictionary<string, string> values)
    {
        var end = text.StartsWith('[') ? text.IndexOf(']', StringComparison.Ordinal) : -1;
        var colon = text.IndexOf(':', Math.Max(end, 0));
        var host = colon >= 0 ? text[..colon] : text;
        if (host.Length > 0)
            values["host"] = host.Trim('[', ']');
        if (colon >= 0 && colon + 1 < text.Length)
            values["port"] = text[(colon + 1)..];
    }

    // As libpq reads it: blanks between pairs, values in single quotes, a backslash before quotes and backslashes.
    private static string? ReadPairs(string text, Dictionary<string, string> values)
    {
        var at = 0;
        while (true)
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
                at++;
            if (at == text.Length)
                return null;
            var equals = text.IndexOf('=', at);
            if (equals < 0)
                return "it must be a URI that begins with postgresql://, or key=value pairs.";
            var key = text[at..equals].Trim();
            at = equals + 1;
            while (at < text.Length && char.IsWhiteSpace(text[at]))
                at++;
            if (ReadValue(text, ref at) is not { } value)
                return "a quote is not closed.";
            if (Add(key, value, values) is { } problem)
                return problem;
        }
    }

    private static string? ReadValue(string text, ref int at)
    {
        var value = new StringBuilder();
        var isQuoted = at < text.Length && text[at] == '\'';
        if (isQuoted)
            at++;
        for (; at < text.Length; at++)
        {
            var letter = text[at];
            if (letter == '\\' && at + 1 < text.Length)
            {
                value.Append(text[++at]);
                continue;
            }

            if (isQuoted && letter == '\'')
            {
                at++;
                return value.ToString();
            }

            if (!isQuoted && char.IsWhiteSpace(letter))
                return value.ToString();
            value.Append(letter);
        }

        return isQuoted ? null : value.ToString();
    }

    private static string? Add(string key, string value, Dictionary<string, string> values)
    {
        if (key is not ("host" or "port" or "user" or "password" or "dbname" or "sslmode"))
            return "it may hold host, port, user, password, dbname and sslmode only.";
        return values.TryAdd(key, value) ? null : $"{key} must be given once.";
    }

    private static string? Unescaped(string text)
    {
        var isEscaped = true;
        for (var i = text.IndexOf('%', StringComparison.Ordinal); i >= 0; i = text.IndexOf('%', i + 1))
            isEscaped &= i + 2 < text.Length && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2]);
        return isEscaped ? Uri.UnescapeDataString(text) : null;
    }
}
