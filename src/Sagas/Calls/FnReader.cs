using Npgsql;

namespace Orchestrator.Sagas.Calls;

/// <summary>Reads apps, fns and triggers as they are committed.</summary>
public sealed class FnReader(NpgsqlDataSource source)
{
    /// <exception cref="FnException">There is no such app.</exception>
    public async Task<FnApp> AppAsync(string id, CancellationToken cancellationToken) =>
        await FirstAsync($"SELECT {FnRows.AppColumns} FROM fn_app WHERE id = $1", row => FnRows.App(row), cancellationToken, id)
        ?? throw new FnException(FnErrors.AppNotFound);

    /// <exception cref="FnException">There is no such fn.</exception>
    public async Task<Fn> FnAsync(string id, CancellationToken cancellationToken) =>
        await FirstAsync($"SELECT {FnRows.FnColumns} FROM fn WHERE id = $1", row => FnRows.Fn(row), cancellationToken, id)
        ?? throw new FnException(FnErrors.FnNotFound);

    /// <exception cref="FnException">There is no such trigger.</exception>
    public async Task<FnTrigger> TriggerAsync(string id, CancellationToken cancellationToken) =>
        await FirstAsync($"SELECT {FnRows.TriggerColumns} FROM fn_trigger WHERE id = $1", row => FnRows.Trigger(row), cancellationToken, id)
        ?? throw new FnException(FnErrors.TriggerNotFound);

    /// <inheritdoc cref="TriggerAsync"/>
    public async Task<FnTrigger> TriggerBySourceAsync(string appId, string type, string path, CancellationToken cancellationToken) =>
        await FirstAsync(
            $"SELECT {FnRows.TriggerColumns} FROM fn_trigger WHERE app_id = $1 AND type = $2 AND source = $3",
            row => FnRows.Trigger(row), cancellationToken, appId, type, path)
        ?? throw new FnException(FnErrors.TriggerNotFound);

    /// <summary>Apps by name, after a name, at most so many.</summary>
    public Task<List<FnApp>> AppsAsync(string? name, string after, int limit, CancellationToken cancellationToken) => ListAsync(
        $"SELECT {FnRows.AppColumns} FROM fn_app WHERE ($1 = '' OR name = $1) AND name > $2 ORDER BY name LIMIT $3",
        row => FnRows.App(row), cancellationToken, name ?? "", after, limit);

    /// <summary>Fns of an app by name, after a name, at most so many.</summary>
    public Task<List<Fn>> FnsAsync(string appId, string? name, string after, int limit, CancellationToken cancellationToken) => ListAsync(
        $"SELECT {FnRows.FnColumns} FROM fn WHERE app_id = $1 AND ($2 = '' OR name = $2) AND name > $3 ORDER BY name LIMIT $4",
        row => FnRows.Fn(row), cancellationToken, appId, name ?? "", after, limit);

    /// <summary>Triggers of an app, with the names of app and fn, by name and id, after such a pair, at most so many.</summary>
    public Task<List<FnTrigger>> TriggersAsync(
        string appId, string? fnId, string? name, (string Name, string Id) after, int limit, CancellationToken cancellationToken) => ListAsync(
        $"""
        SELECT {FnRows.TriggerColumns} FROM fn_trigger
        WHERE app_id = $1 AND ($2 = '' OR fn_id = $2) AND ($3 = '' OR name = $3) AND (name, id) > ($4, $5) ORDER BY name, id LIMIT $6
        """,
        row => FnRows.Trigger(row), cancellationToken, appId, fnId ?? "", name ?? "", after.Name, after.Id, limit);

    private async Task<T?> FirstAsync<T>(string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params object[] parameters)
        where T : class =>
        (await ListAsync(sql, read, cancellationToken, parameters)).FirstOrDefault();

    private async Task<List<T>> ListAsync<T>(string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params object[] parameters)
    {
        await using var command = source.CreateCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(new() { Value = parameter });
        var items = new List<T>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            items.Add(read(reader));
        return items;
    }
}
