using System.Text.Json;
using Orchestrator.Api.Http;
using Orchestrator.Sagas.Jobs;

namespace Orchestrator.Api.Instances;

/// <summary>Names of fields as our own routes write them, member by member.</summary>
internal sealed class CamelPaths : JsonNamingPolicy
{
    public static readonly CamelPaths Instance = new();

    public override string ConvertName(string name) => string.Join('.', name.Split('.').Select(CamelCase.ConvertName));
}

internal static class CamelValidation
{
    /// <exception cref="ProblemException">The command is not valid; the fields are named as in the body.</exception>
    public static void DemandCamelFields<T>(this CommandValidation validation, T command)
    {
        var errors = new FieldErrors();
        errors.Add(validation.Check(command), CamelPaths.Instance);
        errors.Demand();
    }
}
