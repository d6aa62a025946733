using Orchestrator.Api.Http;

namespace Orchestrator.Api.Auth;

public static class TokenErrors
{
    public static readonly ErrorKind Exists = new(
        409, "TOKEN_EXISTS", "The name is taken", "Choose another name, or delete the token first.");
}
