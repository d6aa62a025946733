using Npgsql;

namespace Orchestrator.Sagas.Jobs;

/// <summary>Reads how many machines of each flavor are wanted now (seed: <c>GetPressures</c>).</summary>
public sealed class PressureReader(NpgsqlDataSource source)
{
    /// <summary>
    /// Pressure by flavor name. Names that do not exist on the platform are absent; no names means all flavors.
    /// The cost depends on the number of flavors alone.
    /// </summary>
    public async Task<Dictionary<string, long>> ReadAsync(
        string platform, IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            "SELECT name, pressure FROM flavor_pressure WHERE platform = $1 AND (cardinality($2) = 0 OR name = ANY ($2))");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = platform });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. names] });
        var pressures = new Dictionary<string, long>(StringComparer.Ordinal);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            pressures[reader.GetString(0)] = reader.GetInt64(1);
        return pressures;
    }

    /// <summary>Pressure of every flavor of every platform.</summary>
    public async Task<Dictionary<(string Platform, string Flavor), long>> ReadAllAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("SELECT platform, name, pressure FROM flavor_pressure");
        var pressures = new Dictionary<(string, string), long>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            pressures[(reader.GetString(0), reader.GetString(1))] = reader.GetInt64(2);
        return pressures;
    }
}
