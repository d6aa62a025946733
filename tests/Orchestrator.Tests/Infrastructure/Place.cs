using Npgsql;

namespace Orchestrator.Tests.Infrastructure;

/// <summary>A database and a virtual host of a test's own.</summary>
public sealed class Place(string connectionString, Uri amqp, Func<Task> remove) : IAsyncDisposable
{
    private NpgsqlDataSource? _source;

    public string ConnectionString => connectionString;

    public Uri Amqp => amqp;

    public NpgsqlDataSource Source => _source ??= NpgsqlDataSource.Create(connectionString);

    /// <summary>The first column of the first row.</summary>
    public async Task<T> ScalarAsync<T>(string sql, params object[] parameters)
    {
        await using var command = Source.CreateCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(new() { Value = parameter });
        var value = await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
        return value is null or DBNull ? default! : (T)value;
    }

    public async Task ExecuteAsync(string sql, params object[] parameters)
    {
        await using var command = Source.CreateCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(new() { Value = parameter });
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_source is not null)
            await _source.DisposeAsync();
        await remove();
    }
}
