using System.Text;
using System.Text.Json;
using Npgsql;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Jobs;

/// <summary>Which jobs to list. What is null or empty does not restrict.</summary>
public sealed record JobQuery
{
    public required string Platform { get; init; }
    public JobListState? State { get; init; }
    public string? Flavor { get; init; }

    /// <summary>The job has all of these; in normal form.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>True: incomplete jobs without a flavor. False: jobs with one.</summary>
    public bool? IsUnassigned { get; init; }

    /// <summary>Strictly later than this.</summary>
    public DateTimeOffset? CreatedAfter { get; init; }

    /// <summary>The last job of the page before.</summary>
    public (DateTimeOffset CreatedAt, string Id)? After { get; init; }

    public required int Limit { get; init; }
}

/// <summary>Where in its life a listed job is.</summary>
public enum JobListState
{
    /// <summary>Neither started nor completed.</summary>
    Queued,

    /// <summary>Started, not completed.</summary>
    Running,

    Completed,

    /// <summary>Queued or running.</summary>
    Incomplete,
}

/// <summary>Reads jobs (seed: <c>ListJobs</c>).</summary>
public sealed class JobReader(NpgsqlDataSource source)
{
    private const string Select = """
        SELECT platform, id, labels, created_at, started_at, completed_at, raw::text, assigned_flavor, trace_id FROM job
        """;

    /// <summary>One job, or null.</summary>
    public async Task<Job?> ReadAsync(string platform, string id, CancellationToken cancellationToken)
    {
        var jobs = await ReadAsync($"{Select} WHERE platform = $1 AND id = $2", [platform, id], cancellationToken);
        return jobs is [var job] ? job : null;
    }

    /// <summary>True when there is such a job.</summary>
    public async Task<bool> ExistsAsync(string platform, string id, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("SELECT EXISTS (SELECT FROM job WHERE platform = $1 AND id = $2)");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = platform });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    /// <summary>A page of jobs, by time of creation, then id.</summary>
    public Task<IReadOnlyList<Job>> ListAsync(JobQuery query, CancellationToken cancellationToken)
    {
        var sql = new StringBuilder(Select).Append(" WHERE platform = $1");
        var values = new List<object> { query.Platform };
        sql.Append(query.State switch
        {
            JobListState.Queued => " AND completed_at IS NULL AND started_at IS NULL",
            JobListState.Running => " AND completed_at IS NULL AND started_at IS NOT NULL",
            JobListState.Completed => " AND completed_at IS NOT NULL",
            JobListState.Incomplete => " AND completed_at IS NULL",
            _ => "",
        });
        sql.Append(query.IsUnassigned switch
        {
            true => " AND completed_at IS NULL AND assigned_flavor IS NULL",
            false => " AND assigned_flavor IS NOT NULL",
            null => "",
        });
        if (query.Flavor is { } flavor)
            sql.Append($" AND assigned_flavor = {Value(flavor)}");
        if (query.Labels.Count > 0)
            sql.Append($" AND labels @> {Value(query.Labels.ToArray())}");
        if (query.CreatedAfter is { } createdAfter)
            sql.Append($" AND created_at > {Value(createdAfter)}");
        if (query.After is { } after)
            sql.Append($" AND (created_at, id) > ({Value(after.CreatedAt)}, {Value(after.Id)})");
        sql.Append($" ORDER BY created_at, id LIMIT {Value(query.Limit)}");
        return ReadAsync(sql.ToString(), values, cancellationToken);

        string Value(object value)
        {
            values.Add(value);
            return $"${values.Count}";
        }
    }

    private async Task<IReadOnlyList<Job>> ReadAsync(string sql, IReadOnlyList<object> values, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(sql, [.. values]));
        var jobs = new List<Job>();
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            jobs.Add(Read(reader));
        return jobs;
    }

    private static Job Read(NpgsqlDataReader reader) => new()
    {
        Platform = reader.GetString(0),
        Id = reader.GetString(1),
        Labels = reader.GetFieldValue<string[]>(2),
        CreatedAt = reader.GetFieldValue<DateTimeOffset>(3),
        StartedAt = reader.IsDBNull(4) ? null : reader.GetFieldValue<DateTimeOffset>(4),
        CompletedAt = reader.IsDBNull(5) ? null : reader.GetFieldValue<DateTimeOffset>(5),
        Raw = JsonElement.Parse(reader.GetString(6), new JsonDocumentOptions { MaxDepth = 1000 }),
        AssignedFlavor = reader.IsDBNull(7) ? null : reader.GetString(7),
        TraceId = reader.IsDBNull(8) ? null : reader.GetString(8),
    };
}
