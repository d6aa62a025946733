using System.Net.Http.Headers;
using System.Text;
using Orchestrator.Api.Http;
using Orchestrator.Sagas.Actions.Declarative;

namespace Orchestrator.Api.Actions;

/// <summary>Reads a definition off a request.</summary>
internal static class DefinitionBody
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly string[] Yaml = ["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/vnd.yaml"];

    /// <summary>The text and its language: by the content type, or where that says nothing, by its first character.</summary>
    /// <exception cref="ProblemException">It is no text of ours.</exception>
    public static async Task<(string Text, DefinitionFormat Format)> ReadAsync(HttpContext http)
    {
        var bytes = await RequestBody.ReadBytesAsync(http);
        if (bytes.Length == 0)
            throw new ProblemException(ActionErrors.InvalidDefinition.Because("The body is empty; a definition in YAML or JSON is expected."));
        var format = FormatOf(http.Request.ContentType);
        string text;
        try
        {
            text = Strict.GetString(bytes.Span).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            throw new ProblemException(ActionErrors.InvalidDefinition.Because("The body is not in UTF-8."));
        }

        return (text, format ?? (text.AsSpan().TrimStart() is ['{', ..] ? DefinitionFormat.Json : DefinitionFormat.Yaml));
    }

    private static DefinitionFormat? FormatOf(string? contentType)
    {
        if (string.IsNullOrEmpty(contentType))
            return null;
        var isType = MediaTypeHeaderValue.TryParse(contentType, out var type);
        var media = type?.MediaType ?? "";
        if (!isType || type!.CharSet?.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase) == false)
            throw Unsupported(contentType);
        if (Yaml.Contains(media, StringComparer.OrdinalIgnoreCase))
            return DefinitionFormat.Yaml;
        if (media.Equals("application/json", StringComparison.OrdinalIgnoreCase) || media.EndsWith("+json", StringComparison.OrdinalIgnoreCase))
            return DefinitionFormat.Json;
        // What curl says unasked, and what says nothing.
        return media.ToLowerInvariant() is "application/x-www-form-urlencoded" or "text/plain" or "application/octet-stream" ? null : throw Unsupported(contentType);
    }

    private static ProblemException Unsupported(string contentType) =>
        new(Errors.UnsupportedMediaType.Because($"Content type '{contentType}' is neither application/yaml nor application/json in UTF-8."));
}
