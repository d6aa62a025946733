using System.Text.Json;

namespace Orchestrator.Api.Http;

/// <summary>An answer that can be kept and given again.</summary>
public sealed record Answer(int Status) : IResult
{
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public byte[] Body { get; init; } = [];

    /// <summary>True when it shows a secret, and so must not be kept.</summary>
    public bool IsSecret { get; init; }

    /// <summary>True when it tells that nothing was done.</summary>
    public bool IsRefusal => Status >= 400;

    /// <summary>Something was created; <paramref name="location"/> says where, <paramref name="body"/> what.</summary>
    public static Answer Created(string? location = null, object? body = null)
    {
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        if (location is not null)
            headers["Location"] = location;
        if (body is not null)
            headers["Content-Type"] = "application/json; charset=utf-8";
        return new Answer(StatusCodes.Status201Created)
        {
            Headers = headers,
            Body = body is null ? [] : JsonSerializer.SerializeToUtf8Bytes(body, body.GetType(), JsonFormat.Options),
        };
    }

    /// <summary>Work was accepted that goes on; <paramref name="location"/> says where to look, <paramref name="body"/> how it stands.</summary>
    public static Answer Accepted(string location, object body) => Created(location, body) with { Status = StatusCodes.Status202Accepted };

    public static Answer Refused(Problem problem) => new(problem.Kind.Status)
    {
        Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["Content-Type"] = Problem.ContentType },
        Body = problem.Write(System.Diagnostics.Activity.Current?.TraceId.ToHexString()).ToArray(),
    };

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Status;
        foreach (var (name, value) in Headers)
            response.Headers[name] = value;
        response.ContentLength = Body.Length;
        if (Body.Length > 0)
            await response.Body.WriteAsync(Body, httpContext.RequestAborted);
    }
}
