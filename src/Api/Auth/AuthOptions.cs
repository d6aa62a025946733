using System.ComponentModel.DataAnnotations;

namespace Orchestrator.Api.Auth;

/// <summary>Section <c>Auth</c>.</summary>
public sealed class AuthOptions
{
    private const string Rule = "Auth:AdminToken must be set to a secret of at least 32 printable ASCII characters without spaces.";

    /// <summary>The token that passes on every route. At least 32 printable ASCII characters without spaces. No default.</summary>
    [Required(ErrorMessage = Rule)]
    [RegularExpression("[!-~]{32,}", ErrorMessage = Rule)]
    public string AdminToken { get; set; } = "";
}
