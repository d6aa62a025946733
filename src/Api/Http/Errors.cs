using Orchestrator.Sagas.Calls;

namespace Orchestrator.Api.Http;

/// <summary>The errors that every part of the API shares.</summary>
public static class Errors
{
    public static readonly ErrorKind InvalidField = new(
        400, "INVALID_FIELD", "A value is not allowed", "Correct the fields named in 'errors'.");

    public static readonly ErrorKind MalformedJson = new(
        400, "MALFORMED_JSON", "The body is not the JSON that is expected", "Send the JSON object that /openapi/v1.json describes for this route.");

    public static readonly ErrorKind InvalidCursor = new(
        400, "INVALID_CURSOR", "The cursor is not one of ours", "Use the cursor of the page before as it is, or none to begin.");

    public static readonly ErrorKind InvalidValue = new(
        400, "INVALID_VALUE", "A value cannot be stored", "Text must not hold NUL, and numbers must be of a sensible size.");

    public static readonly ErrorKind BadRequest = new(
        400, "BAD_REQUEST", "The request is malformed", "Check the request line, the headers and the encoding of the address.");

    public static readonly ErrorKind InvalidAuthorization = new(
        400, "INVALID_AUTHORIZATION", "invalid authorization header", "Send 'Authorization: Bearer TOKEN'.");

    public static readonly ErrorKind Unauthenticated = new(
        401, "UNAUTHENTICATED", "A valid token is needed", "Send 'Authorization: Bearer TOKEN' with the admin token or one made at /api/v1/auth/token/{name}.");

    public static readonly ErrorKind InsufficientScope = new(
        403, "INSUFFICIENT_SCOPE", "The token may not do this", "Use a token that was made with the scope named in 'detail', or the admin token.");

    public static readonly ErrorKind NotFound = new(
        404, "NOT_FOUND", "There is nothing at this address", "The routes are listed at /docs.");

    public static readonly ErrorKind MethodNotAllowed = new(
        405, "METHOD_NOT_ALLOWED", "This address does not take this method", "The header 'Allow' names the methods that it takes.");

    public static readonly ErrorKind BodyTooLarge = new(
        413, "BODY_TOO_LARGE", "body length exceeds limit", "Send at most 1 MiB.");

    public static readonly ErrorKind UnsupportedMediaType = new(
        415, "UNSUPPORTED_MEDIA_TYPE", "The body is not JSON", "Send 'Content-Type: application/json', in UTF-8.");

    public static readonly ErrorKind Internal = new(
        500, "INTERNAL_ERROR", "This is a defect of ours", "Report it with the trace id.");

    public static readonly ErrorKind DatabaseUnavailable = new(
        503, "DATABASE_UNAVAILABLE", "The database is away", "Nothing was done, or the repeat finds what was. Try again after the seconds in 'Retry-After'.");

    /// <summary>An error of the original function server: the message says it all.</summary>
    public static Problem Of(FnError error)
    {
        var problem = (OfStatus(error.Status) with { Status = error.Status }).Because(error.Message);
        return error.Status is 503 ? problem.WithHeader("Retry-After", "15") : problem;
    }

    /// <summary>The error that stands for a bare status.</summary>
    public static ErrorKind OfStatus(int status) => status switch
    {
        400 => BadRequest,
        401 => Unauthenticated,
        403 => InsufficientScope,
        404 => NotFound,
        405 => MethodNotAllowed,
        413 => BodyTooLarge,
        415 => UnsupportedMediaType,
        503 => DatabaseUnavailable with { Code = "UNAVAILABLE", Title = "The service is not available now" },
        >= 500 => Internal with { Status = status },
        _ => new ErrorKind(status, $"HTTP_{status}", Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status), "Check the request."),
    };
}
