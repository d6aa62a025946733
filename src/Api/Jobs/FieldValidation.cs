using System.Text.Json;
using Orchestrator.Api.Http;
using Orchestrator.Sagas.Jobs;

namespace Orchestrator.Api.Jobs;

/// <summary>The bus's validation of a command, answered field by field.</summary>
public static class FieldValidation
{
    /// <exception cref="ProblemException">The command is not valid; the fields are named as in the body.</exception>
    public static void DemandFields<T>(this CommandValidation validation, T command)
    {
        var errors = new FieldErrors();
        errors.Add(validation.Check(command), JsonNamingPolicy.SnakeCaseLower);
        errors.Demand();
    }
}
