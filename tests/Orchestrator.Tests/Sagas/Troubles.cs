using System.Collections.Concurrent;
using Npgsql;

namespace Orchestrator.Tests.Sagas;

/// <summary>What goes wrong while a step is handled.</summary>
public sealed class Troubles(NpgsqlDataSource source)
{
    /// <summary>Throws a fault that passes, once.</summary>
    public const string Once = "once";

    /// <summary>Throws a fault that stays, always.</summary>
    public const string Always = "always";

    /// <summary>Another program writes the row meanwhile, once, and adds 100 steps.</summary>
    public const string Outsider = "outsider";

    /// <summary>Waits until the test lets it go on.</summary>
    public const string Held = "held";

    /// <summary>The database ends the session of the transaction, once.</summary>
    public const string Severed = "severed";

    private readonly ConcurrentDictionary<Guid, int> _met = new();

    public SemaphoreSlim Holding { get; } = new(0);

    public SemaphoreSlim LetGo { get; } = new(0);

    public async Task MeetAsync(Step step)
    {
        if (step.Trouble is null)
            return;
        var isFirst = _met.AddOrUpdate(step.CorrelationId, 1, (_, count) => count + 1) == 1;
        switch (step.Trouble)
        {
            case Once when isFirst:
                throw new TimeoutException("a fault that passes");
            case Always:
                throw new InvalidOperationException("a fault that stays");
            case Outsider when isFirst:
                await using (var command = source.CreateCommand("UPDATE test_order SET steps = steps + 100 WHERE correlation_id = $1"))
                {
                    command.Parameters.Add(new() { Value = step.CorrelationId });
                    await command.ExecuteNonQueryAsync();
                }

                break;
            case Severed when isFirst:
                await using (var command = source.CreateCommand(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"))
                    await command.ExecuteNonQueryAsync();
                break;
            case Held:
                Holding.Release();
                await LetGo.WaitAsync();
                break;
        }
    }
}
