using System.Globalization;
using System.Text.Json;
using Npgsql;

namespace Orchestrator.Local.Demo.Clones;

/// <summary>A clone of the demo, and how it is used.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Body">As the API shows it.</param>
/// <param name="FirstAnswer">From the request for it to the answer of its first query.</param>
internal sealed record DemoClone(string Id, JsonElement Body, TimeSpan FirstAnswer)
{
    /// <summary>Asks for a clone and sends it a query once it is ready.</summary>
    public static async Task<DemoClone> CreateAsync(ClonesClient api, string id, string snapshot, CancellationToken cancellationToken)
    {
        var since = TimeProvider.System.GetTimestamp();
        var body = await api.CreateAsync(id, snapshot, cancellationToken);
        var clone = new DemoClone(id, body, default);
        await clone.ScalarAsync(api, "SELECT 1", cancellationToken);
        return clone with { FirstAnswer = TimeProvider.System.GetElapsedTime(since) };
    }

    /// <summary>The sum of all balances, the number of accounts and whether the demo's own table is there.</summary>
    public Task<string> FingerprintAsync(ClonesClient api, CancellationToken cancellationToken) => ScalarAsync(
        api, "SELECT count(*) || ' accounts, ' || sum(abalance) || ' in total, ' || (to_regclass('written') IS NOT NULL)::text FROM pgbench_accounts", cancellationToken);

    public Task WriteAsync(ClonesClient api, CancellationToken cancellationToken) => ScalarAsync(
        api, "CREATE TABLE written AS SELECT now() AS at; UPDATE pgbench_accounts SET abalance = 7 WHERE aid <= 1000; DELETE FROM pgbench_accounts WHERE aid > 1999000", cancellationToken);

    private async Task<string> ScalarAsync(ClonesClient api, string sql, CancellationToken cancellationToken)
    {
        var db = Body.GetProperty("db");
        var address = new NpgsqlConnectionStringBuilder
        {
            Host = db.GetProperty("host").GetString(),
            Port = int.Parse(db.GetProperty("port").GetString()!, CultureInfo.InvariantCulture),
            Username = db.GetProperty("username").GetString(),
            Database = db.GetProperty("dbName").GetString(),
            Password = api.Password,
            Pooling = false,
        };
        try
        {
            await using var connection = new NpgsqlConnection(address.ConnectionString);
            await connection.OpenAsync(cancellationToken);
            await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 120 };
            return (await command.ExecuteScalarAsync(cancellationToken))?.ToString() ?? "";
        }
        catch (NpgsqlException exception)
        {
            throw new HttpRequestException($"clone {Id} does not answer: {exception.Message}", exception);
        }
    }
}
