using System.Diagnostics;
using System.Text;
using Npgsql;
using Orchestrator.Contracts.Calls;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Persistence.Timers;

namespace Orchestrator.Sagas.Calls;

/// <summary>
/// Schedules of fns. What is due is a command like any other's, with an id that says for which time it is: each time
/// makes one call, whatever crashes in between.
/// </summary>
public sealed class FnSchedules(NpgsqlDataSource source, CronSchedules cron, CallId ids, TimeProvider time)
{
    /// <summary>Of our schedules among all recurring messages.</summary>
    public const string Group = "calls";

    public static readonly FnError IdProvided = new(400, "ID cannot be provided for Schedule creation");
    public static readonly FnError MissingName = new(400, "Missing name on Schedule");
    public static readonly FnError NameInvalid = new(400, "Invalid name for Schedule");
    public static readonly FnError NameTooLong = new(400, "Schedule name must be 255 characters or less");
    public static readonly FnError MissingFnId = new(400, "Missing Fn ID on Schedule");
    public static readonly FnError MissingCron = new(400, "Missing cron on Schedule");
    public static readonly FnError PayloadInvalid = new(400, $"payload is invalid, it must be text of at most {CallRules.MaxMessagePayload} bytes, or base64 where payload_encoding says so");
    public static readonly FnError PriorityRange = new(400, $"priority value is out of range, must be between 0 and {CallRules.MaxPriority}");
    public static readonly FnError RetriesRange = new(400, $"max_retries value is out of range, must be between 0 and {CallRules.MaxRetries}");
    public static readonly FnError RetryDelayRange = new(400, $"retry_delay value is out of range, must be between 0 and {CallRules.MaxRetryDelay}");
    public static readonly FnError ContentTypeInvalid = new(400, "content_type is invalid, it must be a media type such as application/json");
    public static readonly FnError CronTooLong = new(400, "cron is invalid: it must have at most 200 characters");
    public static readonly FnError IdMismatch = new(400, "Schedule ID in path does not match that in body");
    public static readonly FnError FnImmutable = new(409, "Could not update - fn_id is immutable");
    public static readonly FnError Exists = new(409, "Schedule with specified name already exists");
    public static readonly FnError NotFound = new(404, "Schedule not found");
    public static readonly FnError MissingFilter = new(400, "Missing App ID or Fn ID on Schedule");

    private const string Columns =
        "id, name, app_id, fn_id, cron, time_zone, payload, content_type, priority, max_retries, retry_delay, is_paused, created_at, updated_at";

    private static readonly string Select =
        $"SELECT {string.Join(", ", Columns.Split(", ").Select(column => $"s.{column}"))}, c.next_at FROM fn_schedule s LEFT JOIN cron_schedule c ON c.group_name = '{Group}' AND c.key = s.id";

    /// <exception cref="FnException">It is not allowed, its fn does not exist, or its name is taken.</exception>
    public async Task<FnSchedule> CreateAsync(DurableTransaction transaction, FnScheduleChange change, string actor, CancellationToken cancellationToken)
    {
        Demand(string.IsNullOrEmpty(change.Id), IdProvided);
        Demand(!string.IsNullOrEmpty(change.FnId), MissingFnId);
        Demand(!string.IsNullOrEmpty(change.Name), MissingName);
        Demand(change.Name!.Length <= 255, NameTooLong);
        Demand(FnRules.IsPathText(change.Name), NameInvalid);
        Demand(!string.IsNullOrEmpty(change.Cron), MissingCron);
        var now = time.GetUtcNow();
        var schedule = Changed(
            new FnSchedule
            {
                Id = ids.Next(),
                Name = change.Name,
                AppId = "",
                FnId = change.FnId!,
                Cron = "",
                TimeZone = "UTC",
                Payload = [],
                RetryDelay = CallRules.DefaultRetryDelay,
                CreatedAt = now,
                UpdatedAt = now,
            },
            change);
        schedule = schedule with { AppId = await AppIdAsync(transaction, schedule.FnId, cancellationToken) };
        try
        {
            await transaction.ExecuteAsync(
                $"INSERT INTO fn_schedule ({Columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)", cancellationToken,
                schedule.Id, schedule.Name, schedule.AppId, schedule.FnId, schedule.Cron, schedule.TimeZone, schedule.Payload, schedule.ContentType,
                schedule.Priority, schedule.MaxRetries, schedule.RetryDelay, schedule.IsPaused, schedule.CreatedAt, schedule.UpdatedAt);
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.UniqueViolation)
        {
            throw new FnException(Exists);
        }

        Record(transaction, schedule, "created", actor);
        return await SetAsync(transaction, schedule, cancellationToken);
    }

    /// <exception cref="FnException">There is no such schedule, or the change is not allowed.</exception>
    public async Task<FnSchedule> UpdateAsync(DurableTransaction transaction, string id, FnScheduleChange change, string actor, CancellationToken cancellationToken)
    {
        FnSchedule schedule;
        await using (var batch = transaction.CreateBatch())
        {
            batch.BatchCommands.Add(Sql.Command($"{Select} WHERE s.id = $1 FOR UPDATE OF s", id));
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            schedule = await reader.ReadAsync(cancellationToken) ? Read(reader) : throw new FnException(NotFound);
        }

        Demand(string.IsNullOrEmpty(change.Id) || change.Id == id, IdMismatch);
        Demand(string.IsNullOrEmpty(change.FnId) || change.FnId == schedule.FnId, FnImmutable);
        schedule = Changed(schedule, change) with { UpdatedAt = time.GetUtcNow() };
        await transaction.ExecuteAsync(
            """
            UPDATE fn_schedule SET cron = $2, time_zone = $3, payload = $4, content_type = $5, priority = $6, max_retries = $7, retry_delay = $8, is_paused = $9, updated_at = $10
            WHERE id = $1
            """, cancellationToken,
            id, schedule.Cron, schedule.TimeZone, schedule.Payload, schedule.ContentType, schedule.Priority, schedule.MaxRetries, schedule.RetryDelay,
            schedule.IsPaused, schedule.UpdatedAt);
        Record(transaction, schedule, "updated", actor);
        return await SetAsync(transaction, schedule, cancellationToken);
    }

    /// <exception cref="FnException">There is no such schedule.</exception>
    public async Task DeleteAsync(DurableTransaction transaction, string id, string actor, CancellationToken cancellationToken)
    {
        if (await RemoveAsync(transaction, "id = $1", id, actor, cancellationToken) == 0)
            throw new FnException(NotFound);
    }

    /// <summary>Removes the schedules of a fn that is about to go.</summary>
    public Task RemoveOfFnAsync(DurableTransaction transaction, string fnId, string actor, CancellationToken cancellationToken) =>
        RemoveAsync(transaction, "fn_id = $1", fnId, actor, cancellationToken);

    /// <summary>Removes the schedules of an app that is about to go.</summary>
    public Task RemoveOfAppAsync(DurableTransaction transaction, string appId, string actor, CancellationToken cancellationToken) =>
        RemoveAsync(transaction, "app_id = $1", appId, actor, cancellationToken);

    /// <exception cref="FnException">There is no such schedule.</exception>
    public async Task<FnSchedule> ReadAsync(string id, CancellationToken cancellationToken) =>
        (await ListAsync($"{Select} WHERE s.id = $1", cancellationToken, id)).FirstOrDefault() ?? throw new FnException(NotFound);

    /// <summary>Schedules of an app or a fn by name and id, after such a pair, at most so many.</summary>
    public Task<List<FnSchedule>> ListAsync(
        string? appId, string? fnId, string? name, (string Name, string Id) after, int limit, CancellationToken cancellationToken) => ListAsync(
        $"""
        {Select} WHERE ($1 = '' OR s.app_id = $1) AND ($2 = '' OR s.fn_id = $2) AND ($3 = '' OR s.name = $3) AND (s.name, s.id) > ($4, $5)
        ORDER BY s.name, s.id LIMIT $6
        """, cancellationToken, appId ?? "", fnId ?? "", name ?? "", after.Name, after.Id, limit);

    private async Task<FnSchedule> SetAsync(DurableTransaction transaction, FnSchedule schedule, CancellationToken cancellationToken)
    {
        if (schedule.IsPaused)
        {
            await cron.RemoveAsync(transaction, Group, schedule.Id, cancellationToken);
            return schedule with { NextAt = null };
        }

        var message = new InvokeFn
        {
            FnId = schedule.FnId,
            Payload = schedule.Payload,
            ContentType = schedule.ContentType,
            Priority = schedule.Priority,
            MaxRetries = schedule.MaxRetries,
            RetryDelay = schedule.RetryDelay,
            Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["Fn-Schedule-Id"] = schedule.Id },
        };
        var next = await cron.SetAsync(transaction, Group, schedule.Id, CronTimetable.Parse(schedule.Cron, schedule.TimeZone), message, cancellationToken);
        return schedule with { NextAt = next };
    }

    private async Task<int> RemoveAsync(DurableTransaction transaction, string which, string value, string actor, CancellationToken cancellationToken)
    {
        var removed = new List<FnSchedule>();
        await using (var batch = transaction.CreateBatch())
        {
            batch.BatchCommands.Add(Sql.Command($"DELETE FROM fn_schedule WHERE {which} RETURNING {Columns}, NULL::timestamptz", value));
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                removed.Add(Read(reader));
        }

        foreach (var schedule in removed)
        {
            await cron.RemoveAsync(transaction, Group, schedule.Id, cancellationToken);
            Record(transaction, schedule, "deleted", actor);
        }

        return removed.Count;
    }

    private async Task<List<FnSchedule>> ListAsync(string sql, CancellationToken cancellationToken, params object[] parameters)
    {
        await using var command = source.CreateCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(new() { Value = parameter });
        var schedules = new List<FnSchedule>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            schedules.Add(Read(reader));
        return schedules;
    }

    private static FnSchedule Changed(FnSchedule schedule, FnScheduleChange change)
    {
        schedule = schedule with
        {
            Cron = string.IsNullOrEmpty(change.Cron) ? schedule.Cron : change.Cron,
            TimeZone = string.IsNullOrEmpty(change.TimeZone) ? schedule.TimeZone : change.TimeZone,
            Payload = change.Payload is null ? schedule.Payload : PayloadOf(change),
            ContentType = change.ContentType is null ? schedule.ContentType : change.ContentType.Length == 0 ? null : change.ContentType,
            Priority = (short)Within(change.Priority, 0, CallRules.MaxPriority, schedule.Priority, PriorityRange),
            MaxRetries = (short)Within(change.MaxRetries, 0, CallRules.MaxRetries, schedule.MaxRetries, RetriesRange),
            RetryDelay = Within(change.RetryDelay, 0, CallRules.MaxRetryDelay, schedule.RetryDelay, RetryDelayRange),
            IsPaused = change.Paused ?? schedule.IsPaused,
        };
        Demand(schedule.ContentType is null || System.Net.Http.Headers.MediaTypeHeaderValue.TryParse(schedule.ContentType, out _), ContentTypeInvalid);
        Demand(schedule.Cron.Length <= 200, CronTooLong);
        if (!CronTimetable.TryParse(schedule.Cron, schedule.TimeZone, out _, out var error))
            throw new FnException(new FnError(400, $"cron is invalid: {error}"));
        return schedule;
    }

    private static byte[] PayloadOf(FnScheduleChange change)
    {
        try
        {
            var payload = change.PayloadEncoding switch
            {
                null or "" => Encoding.UTF8.GetBytes(change.Payload!),
                "base64" => Convert.FromBase64String(change.Payload!),
                _ => throw new FnException(PayloadInvalid),
            };
            return payload.Length <= CallRules.MaxMessagePayload ? payload : throw new FnException(PayloadInvalid);
        }
        catch (FormatException)
        {
            throw new FnException(PayloadInvalid);
        }
    }

    private static int Within(int? given, int least, int most, int otherwise, FnError error)
    {
        if (given is null)
            return otherwise;
        return given >= least && given <= most ? given.Value : throw new FnException(error);
    }

    private static async Task<string> AppIdAsync(DurableTransaction transaction, string fnId, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command("SELECT app_id FROM fn WHERE id = $1 FOR KEY SHARE", fnId));
        return await batch.ExecuteScalarAsync(cancellationToken) as string ?? throw new FnException(FnErrors.FnNotFound);
    }

    private static void Record(DurableTransaction transaction, FnSchedule schedule, string what, string actor) => transaction.Record(new ResourceEvent
    {
        Kind = "fn-schedule",
        Key = schedule.Id,
        What = what,
        ToState = schedule.IsPaused ? "paused" : what,
        Reason = schedule.Cron,
        Actor = actor,
        TraceId = Activity.Current?.TraceId.ToHexString(),
    });

    private static void Demand(bool isAllowed, FnError error)
    {
        if (!isAllowed)
            throw new FnException(error);
    }

    private static FnSchedule Read(NpgsqlDataReader row) => new()
    {
        Id = row.GetString(0),
        Name = row.GetString(1),
        AppId = row.GetString(2),
        FnId = row.GetString(3),
        Cron = row.GetString(4),
        TimeZone = row.GetString(5),
        Payload = row.GetFieldValue<byte[]>(6),
        ContentType = row.IsDBNull(7) ? null : row.GetString(7),
        Priority = row.GetInt16(8),
        MaxRetries = row.GetInt16(9),
        RetryDelay = row.GetInt32(10),
        IsPaused = row.GetBoolean(11),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(12),
        UpdatedAt = row.GetFieldValue<DateTimeOffset>(13),
        NextAt = row.IsDBNull(14) ? null : row.GetFieldValue<DateTimeOffset>(14),
    };
}
