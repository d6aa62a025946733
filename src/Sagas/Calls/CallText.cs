using System.Text;

namespace Orchestrator.Sagas.Calls;

/// <summary>Bytes in JSON: as text where they are text, in base64 where they are not.</summary>
public static class CallText
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static (string? Text, string? Encoding) Of(byte[]? bytes)
    {
        if (bytes is null)
            return (null, null);
        try
        {
            return (Strict.GetString(bytes), null);
        }
        catch (DecoderFallbackException)
        {
            return (Convert.ToBase64String(bytes), "base64");
        }
    }
}
