using System.Text.Json;
using Orchestrator.Api.Http;
using Orchestrator.Sagas.Clones;
using Orchestrator.Sagas.Jobs;

namespace Orchestrator.Api.Clones;

/// <summary>Answers what commands about clones are refused with.</summary>
internal static class Refusals
{
    /// <exception cref="ProblemException">The command is refused.</exception>
    public static async Task AnsweredAsync(Func<Task> command)
    {
        try
        {
            await command();
        }
        catch (CloneRefusedException exception)
        {
            throw new ProblemException(CloneErrors.Of(exception));
        }
    }

    /// <summary>Checks a command as on the bus, and tells the fields under the names that the client wrote.</summary>
    /// <exception cref="ProblemException">The command is not valid.</exception>
    public static void DemandClone<T>(this CommandValidation validation, T command)
    {
        var errors = new FieldErrors();
        errors.Add(validation.Check(command), new FieldNames());
        errors.Demand();
    }

    private sealed class FieldNames : JsonNamingPolicy
    {
        public override string ConvertName(string name) => name switch
        {
            "Username" => "db.username",
            "DbName" => "db.db_name",
            "Owner" => "username",
            "IsProtected" => "protected",
            "ExtraConf" => "extra_conf",
            "SnapshotId" => "snapshotID",
            "Source" => "source.name",
            "Dump" => "source.dump",
            "DumpDatabase" => "source.database",
            "CloneId" => "source.cloneId",
            _ => CamelCase.ConvertName(name),
        };
    }
}
