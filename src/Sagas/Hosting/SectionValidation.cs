using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Orchestrator.Sagas.Hosting;

/// <summary>Checks the data annotations of one section; each failure names the key.</summary>
public sealed class SectionValidation<TOptions>(string section) : IValidateOptions<TOptions>
    where TOptions : class
{
    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        var failures = new List<ValidationResult>();
        return Validator.TryValidateObject(options, new ValidationContext(options), failures, validateAllProperties: true)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(failures.Select(
                failure => $"{section}:{string.Join(',', failure.MemberNames)} is wrong: {failure.ErrorMessage}"));
    }
}
