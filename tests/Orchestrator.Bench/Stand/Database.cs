using Npgsql;

namespace Orchestrator.Bench.Stand;

/// <summary>One database of the stand.</summary>
public sealed class Database(string connectionString) : IAsyncDisposable
{
    public string ConnectionString => connectionString;

    public NpgsqlDataSource Source { get; } = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString)
    {
        CommandTimeout = 0,
        MaxAutoPrepare = 20,
    });

    /// <summary>The first column of the first row.</summary>
    public async Task<T> ScalarAsync<T>(string sql, CancellationToken cancellationToken, params object[] parameters)
    {
        await using var command = Command(sql, parameters);
        return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public async Task ExecuteAsync(string sql, CancellationToken cancellationToken, params object[] parameters)
    {
        await using var command = Command(sql, parameters);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>A name and a number per row.</summary>
    public async Task<Dictionary<string, long>> CountsAsync(string sql, CancellationToken cancellationToken, params object[] parameters)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        await using var command = Command(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            counts[reader.GetString(0)] = reader.GetFieldValue<long>(1);
        return counts;
    }

    /// <summary>Closes idle connections, so that the database can be copied.</summary>
    public Task ReleaseAsync()
    {
        Source.Clear();
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => Source.DisposeAsync();

    private NpgsqlCommand Command(string sql, object[] parameters)
    {
        var command = Source.CreateCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(new() { Value = parameter });
        return command;
    }
}
