using Npgsql;
using Orchestrator.Sagas.Instances;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Workers.Instances;

/// <summary>
/// A name that this process holds as long as its connection lives: no two workers are the same node. The connection listens,
/// too, for what concerns the node.
/// </summary>
public sealed class NodeName : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlConnection _connection;

    private NodeName(string value, NpgsqlDataSource source, NpgsqlConnection connection) => (Value, _source, _connection) = (value, source, connection);

    public string Value { get; }

    /// <summary>Takes a name that is free: the first one wanted, or that with <c>-2</c>, <c>-3</c>, … behind it.</summary>
    /// <param name="source">Where names are held.</param>
    /// <param name="wanted">The name that a lone worker would have.</param>
    /// <param name="isFixed">True: that name and no other; it waits until it is free.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<NodeName> TakeAsync(NpgsqlDataSource source, string wanted, bool isFixed, CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken);
        try
        {
            for (var number = 1; ; number++)
            {
                var name = number == 1 || isFixed ? wanted : FormattableString.Invariant($"{wanted}-{number}");
                if (await TryLockAsync(connection, name, cancellationToken))
                {
                    await using var listen = new NpgsqlCommand($"LISTEN {Placements.Channel}", connection);
                    await listen.ExecuteNonQueryAsync(cancellationToken);
                    return new NodeName(name, source, connection);
                }

                if (isFixed)
                    await Task.Delay(TimeSpan.FromMilliseconds(500), cancellationToken);
            }
        }
        catch
        {
            // It may hold the lock.
            source.Clear();
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes a name that this process had before; null when another has it now.</summary>
    public static async Task<NodeName?> RetakeAsync(NpgsqlDataSource source, string name, CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken);
        try
        {
            if (await TryLockAsync(connection, name, cancellationToken))
            {
                await using var listen = new NpgsqlCommand($"LISTEN {Placements.Channel}", connection);
                await listen.ExecuteNonQueryAsync(cancellationToken);
                return new NodeName(name, source, connection);
            }
        }
        catch
        {
            // It may hold the lock.
            source.Clear();
            await connection.DisposeAsync();
            throw;
        }

        await connection.DisposeAsync();
        return null;
    }

    /// <summary>Hears until the connection breaks; <paramref name="heard"/> gets each payload.</summary>
    /// <exception cref="NpgsqlException">The connection broke: the name is free.</exception>
    public async Task ListenAsync(Action<string> heard, CancellationToken cancellationToken)
    {
        _connection.Notification += (_, notification) => heard(notification.Payload);
        while (true)
            await _connection.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        // Not back into the pool: it holds a lock and listens.
        _source.Clear();
        await _connection.DisposeAsync();
    }

    private static async Task<bool> TryLockAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT pg_try_advisory_lock($1, hashtext($2))", connection);
        command.Parameters.Add(new() { Value = AdvisoryLocks.NodeName });
        command.Parameters.Add(new() { Value = name });
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }
}
