using System.Buffers;
using System.Text.Json;
using Orchestrator.Api.Http;

namespace Orchestrator.Api.Clones;

/// <summary>The form of errors on the clone routes: the original's <c>{code, message}</c> and the seed's <c>name</c> and <c>hint</c>.</summary>
public static class CloneErrorForm
{
    public const string ContentType = "application/json";

    private static readonly PathString[] Roots =
        ["/clone", "/clones", "/snapshot", "/snapshots", "/status", "/branches", "/full-refresh", "/instance/retrieval"];

    /// <summary>True for a path of the clone routes.</summary>
    public static bool Applies(PathString path) => Array.Exists(Roots, root => path.StartsWithSegments(root, StringComparison.OrdinalIgnoreCase));

    /// <summary>The body.</summary>
    public static ReadOnlyMemory<byte> Write(Problem problem)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, JsonFormat.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("code", CodeOf(problem.Kind));
            writer.WriteString("name", problem.Kind.Title);
            writer.WriteString("hint", problem.Kind.Hint);
            writer.WriteString("message", problem.Detail);
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>An answer that tells an error, to be kept with its idempotency key.</summary>
    public static Answer Refused(Problem problem) => new(problem.Kind.Status)
    {
        Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["Content-Type"] = ContentType },
        Body = Write(problem).ToArray(),
    };

    /// <summary>The code; where the original has one for a kind of error that all routes share, it is that one.</summary>
    public static string CodeOf(ErrorKind kind) => kind switch
    {
        _ when kind == Errors.InvalidField || kind == Errors.MalformedJson || kind == Errors.InvalidValue => Errors.BadRequest.Code,
        _ when kind == Errors.Unauthenticated => "UNAUTHORIZED",
        _ => kind.Code,
    };
}
