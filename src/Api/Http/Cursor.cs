using System.Buffers.Text;
using System.Text;

namespace Orchestrator.Api.Http;

/// <summary>Where a page ends, as text that means nothing to the client.</summary>
public static class Cursor
{
    private const char Separator = '\n';

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static string Of(params IEnumerable<string> parts) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Join(Separator, parts)));

    /// <exception cref="ProblemException">The cursor is not one of ours.</exception>
    public static string[] Parts(string cursor, int count)
    {
        try
        {
            var parts = Strict.GetString(Base64Url.DecodeFromChars(cursor)).Split(Separator, count);
            return parts.Length == count && !parts.Any(part => part.Contains('\0', StringComparison.Ordinal)) ? parts : throw Invalid();
        }
        catch (Exception exception) when (exception is FormatException or DecoderFallbackException)
        {
            throw Invalid();
        }
    }

    public static ProblemException Invalid() => new(Errors.InvalidCursor.Because("'cursor' is not one that this list gave."));
}
