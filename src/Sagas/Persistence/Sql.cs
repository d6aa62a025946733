using Npgsql;
using NpgsqlTypes;

namespace Orchestrator.Sagas.Persistence;

/// <summary>Short forms for statements with positional parameters.</summary>
public static class Sql
{
    public static NpgsqlBatchCommand Command(string sql, params object?[] parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(Parameter(parameter));
        return command;
    }

    private static NpgsqlParameter Parameter(object? value) => value switch
    {
        NpgsqlParameter parameter => parameter,
        DateTimeOffset time => new NpgsqlParameter { Value = time.ToUniversalTime() },
        _ => new NpgsqlParameter { Value = value ?? DBNull.Value },
    };

    /// <summary>A parameter whose type cannot be read off its value, such as a null or an array of nullables.</summary>
    public static NpgsqlParameter Typed(NpgsqlDbType type, object? value) =>
        new() { NpgsqlDbType = type, Value = value ?? DBNull.Value };
}
