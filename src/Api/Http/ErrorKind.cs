namespace Orchestrator.Api.Http;

/// <summary>A kind of error that clients can tell apart; <see cref="Code"/> never changes once it is released.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">Stable and upper case, such as <c>FLAVOR_NOT_FOUND</c>.</param>
/// <param name="Title">The kind in a few words.</param>
/// <param name="Hint">What the caller can do about it.</param>
public sealed record ErrorKind(int Status, string Code, string Title, string Hint)
{
    /// <summary>The problem type (RFC 9457): a name, not an address.</summary>
    public string Type => $"urn:orchestrator:error:{Code.ToLowerInvariant().Replace('_', '-')}";

    public Problem Because(string detail) => new(this, detail);
}
