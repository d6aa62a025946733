using Microsoft.Extensions.Logging;
using Npgsql;
using Orchestrator.Sagas.Duties;

namespace Orchestrator.Sagas.Persistence.Timers;

/// <summary>
/// Sets the timers of schedules whose time has passed without a timer or a message about it: somebody deleted one.
/// Expected to find nothing. A second message about the same time does nothing.
/// </summary>
public sealed class RestoreCronTimers(
    NpgsqlDataSource source, DurableTransactions transactions, ILogger<RestoreCronTimers> logger) : IDuty
{
    private const string Overdue = """
        SELECT token, next_at FROM cron_schedule c
        WHERE next_at < database_now() - interval '1 minute' AND NOT EXISTS (SELECT FROM timer WHERE timer.token = c.token)
        LIMIT 1000
        """;

    public string Name => "restore-cron-timers";

    public TimeSpan Interval => TimeSpan.FromMinutes(1);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var overdue = new List<CronDue>();
        await using (var command = source.CreateCommand(Overdue))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
                overdue.Add(new CronDue { ScheduleId = reader.GetGuid(0), At = reader.GetFieldValue<DateTimeOffset>(1) });
        }

        if (overdue.Count == 0)
            return;
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        foreach (var due in overdue)
            transaction.Schedule(due, due.ScheduleId, TimeSpan.Zero);
        await transaction.CommitAsync(cancellationToken);
        logger.LogWarning("{Count} recurring messages had no timer", overdue.Count);
    }
}
