using Npgsql;
using NpgsqlTypes;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence.Outbox;

namespace Orchestrator.Sagas.Persistence.Timers;

/// <summary>One recurring message.</summary>
/// <param name="Group">Whose it is, such as <c>calls</c>.</param>
/// <param name="Key">Its name within the group.</param>
/// <param name="Expression">As it was given.</param>
/// <param name="TimeZone">IANA name.</param>
/// <param name="NextAt">When the message is sent next; null when never again.</param>
public sealed record CronSchedule(string Group, string Key, string Expression, string TimeZone, DateTimeOffset? NextAt);

/// <summary>
/// Messages that are sent again and again, by cron expression. A schedule commits with the state that sets it; its next
/// time is a timer, so it is sent once whatever the number of processes, and on the database's clock. Times that were
/// missed, because nothing ran, are made up for by one message, at once.
/// </summary>
public sealed class CronSchedules(NpgsqlDataSource source, TimeProvider time)
{
    private const string Columns = "group_name, key, expression, time_zone, next_at";

    /// <summary>Sets, or replaces, a schedule with the commit.</summary>
    /// <param name="transaction">Of the state that the schedule belongs to.</param>
    /// <param name="group"><inheritdoc cref="CronSchedule" path="/param[@name='Group']"/></param>
    /// <param name="key"><inheritdoc cref="CronSchedule" path="/param[@name='Key']"/></param>
    /// <param name="timetable">When.</param>
    /// <param name="message">
    /// What is sent each time, as a command: a contract with a <see cref="Contracts.MessageNameAttribute"/>. Each has an id of its own,
    /// derived from the schedule and the time that it is for.
    /// </param>
    /// <param name="cancellationToken">Gives up before the commit.</param>
    /// <returns>The first time; null when there is none.</returns>
    public async Task<DateTimeOffset?> SetAsync<T>(
        DurableTransaction transaction, string group, string key, CronTimetable timetable, T message, CancellationToken cancellationToken)
        where T : class
    {
        await RemoveAsync(transaction, group, key, cancellationToken);
        var now = await NowAsync(transaction, cancellationToken);
        var next = timetable.Next(now);
        var token = Guid.CreateVersion7();
        var envelope = Envelope.Command(message, time.GetUtcNow());
        await transaction.ExecuteAsync(
            """
            INSERT INTO cron_schedule (group_name, key, expression, time_zone, token, next_at, exchange, is_mandatory, content_type, body)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            """,
            cancellationToken,
            group, key, timetable.Expression, timetable.TimeZone.Id, token, Sql.Typed(NpgsqlDbType.TimestampTz, next?.UtcDateTime),
            envelope.Exchange, envelope.IsMandatory, envelope.ContentType, envelope.Body);
        if (next is { } at)
            transaction.Schedule(new CronDue { ScheduleId = token, At = at }, token, at);
        return next;
    }

    /// <summary>Removes a schedule with the commit. False when there is none.</summary>
    public async Task<bool> RemoveAsync(DurableTransaction transaction, string group, string key, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command("DELETE FROM cron_schedule WHERE group_name = $1 AND key = $2 RETURNING token", group, key));
        if (await batch.ExecuteScalarAsync(cancellationToken) is not Guid token)
            return false;
        transaction.Unschedule(token);
        return true;
    }

    /// <summary>The schedules of a group, by key.</summary>
    public async Task<IReadOnlyList<CronSchedule>> ListAsync(string group, CancellationToken cancellationToken)
    {
        var schedules = new List<CronSchedule>();
        await using var command = source.CreateCommand($"SELECT {Columns} FROM cron_schedule WHERE group_name = $1 ORDER BY key");
        command.Parameters.Add(new() { Value = group });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            schedules.Add(new CronSchedule(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3),
                await reader.IsDBNullAsync(4, cancellationToken) ? null : reader.GetFieldValue<DateTimeOffset>(4)));
        }

        return schedules;
    }

    /// <summary>Sends what is due, and sets the timer for the next time. Does nothing for a time that is not, or no longer, the next.</summary>
    public async Task SendAsync(DurableTransaction transaction, CronDue due, CancellationToken cancellationToken)
    {
        if (await ReadDueAsync(transaction, due, cancellationToken) is not { } found)
            return;
        // From now on: what was missed in between is made up for by this one.
        var next = CronTimetable.Parse(found.Expression, found.TimeZone).Next(found.Now > due.At ? found.Now : due.At);
        await transaction.ExecuteAsync(
            "UPDATE cron_schedule SET next_at = $2 WHERE token = $1", cancellationToken, due.ScheduleId, Sql.Typed(NpgsqlDbType.TimestampTz, next?.UtcDateTime));
        transaction.Publish(found.Message);
        if (next is { } at)
            transaction.Schedule(new CronDue { ScheduleId = due.ScheduleId, At = at }, due.ScheduleId, at);
    }

    private static async Task<DateTimeOffset> NowAsync(DurableTransaction transaction, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT database_now()"));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.GetFieldValue<DateTimeOffset>(0);
    }

    private static async Task<(string Expression, string TimeZone, DateTimeOffset Now, OutboxMessage Message)?> ReadDueAsync(
        DurableTransaction transaction, CronDue due, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(
            """
            SELECT expression, time_zone, database_now(), exchange, is_mandatory, content_type, body FROM cron_schedule
            WHERE token = $1 AND next_at = $2 FOR UPDATE
            """,
            due.ScheduleId, due.At));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        var id = NameIds.Of("cron", due.ScheduleId.ToString(), due.At.UtcDateTime.ToString("O"));
        return (reader.GetString(0), reader.GetString(1), reader.GetFieldValue<DateTimeOffset>(2), new OutboxMessage
        {
            MessageId = id.ToString(),
            Exchange = reader.GetString(3),
            IsMandatory = reader.GetBoolean(4),
            ContentType = reader.GetString(5),
            Headers = Telemetry.TraceHeaders.ForPublish(reader.GetString(3), parent: default),
            Body = Envelope.WithMessageId(reader.GetFieldValue<byte[]>(6), id),
        });
    }
}
