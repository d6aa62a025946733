using Npgsql;

namespace Orchestrator.Sagas.Calls;

/// <summary>Columns of apps, fns and triggers, and how a row of them is read.</summary>
internal static class FnRows
{
    public const string AppColumns = "id, name, config, annotations, syslog_url, shape, created_at, updated_at";

    public const string FnColumns =
        "id, name, app_id, image, memory, timeout, idle_timeout, tmpfs_size, cpus, max_concurrency, config, annotations, shape, created_at, updated_at";

    public const string TriggerColumns = "id, name, app_id, fn_id, type, source, annotations, created_at, updated_at";

    public static FnApp App(NpgsqlDataReader row, int at = 0) => new()
    {
        Id = row.GetString(at),
        Name = row.GetString(at + 1),
        Config = FnJson.ReadMap(row.GetString(at + 2)),
        Annotations = FnJson.ReadMap(row.GetString(at + 3)),
        SyslogUrl = row.IsDBNull(at + 4) ? null : row.GetString(at + 4),
        Shape = row.GetString(at + 5),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(at + 6),
        UpdatedAt = row.GetFieldValue<DateTimeOffset>(at + 7),
    };

    public static Fn Fn(NpgsqlDataReader row, int at = 0) => new()
    {
        Id = row.GetString(at),
        Name = row.GetString(at + 1),
        AppId = row.GetString(at + 2),
        Image = row.GetString(at + 3),
        Memory = row.GetInt64(at + 4),
        Timeout = row.GetInt32(at + 5),
        IdleTimeout = row.GetInt32(at + 6),
        TmpfsSize = row.GetInt32(at + 7),
        Cpus = new MilliCpus(row.GetInt32(at + 8)),
        MaxConcurrency = row.GetInt32(at + 9),
        Config = FnJson.ReadMap(row.GetString(at + 10)),
        Annotations = FnJson.ReadMap(row.GetString(at + 11)),
        Shape = row.GetString(at + 12),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(at + 13),
        UpdatedAt = row.GetFieldValue<DateTimeOffset>(at + 14),
    };

    public static FnTrigger Trigger(NpgsqlDataReader row, int at = 0) => new()
    {
        Id = row.GetString(at),
        Name = row.GetString(at + 1),
        AppId = row.GetString(at + 2),
        FnId = row.GetString(at + 3),
        Type = row.GetString(at + 4),
        Source = row.GetString(at + 5),
        Annotations = FnJson.ReadMap(row.GetString(at + 6)),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(at + 7),
        UpdatedAt = row.GetFieldValue<DateTimeOffset>(at + 8),
    };
}
