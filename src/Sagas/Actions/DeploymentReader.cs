using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Actions;

/// <summary>Which deployments to list.</summary>
public sealed record DeploymentQuery
{
    public string? Application { get; init; }
    public string? Action { get; init; }
    public string? Status { get; init; }
    public string? Outcome { get; init; }
    public string? GroupId { get; init; }
    public DateTimeOffset? CreatedAfter { get; init; }
    public DateTimeOffset? CreatedBefore { get; init; }
    public (DateTimeOffset CreatedAt, Guid Id)? After { get; init; }
    public int Limit { get; init; } = 50;
}

/// <summary>A row of <c>action_deployments_attempts</c>.</summary>
public sealed record AttemptRow
{
    public int Attempt { get; init; }
    public string Job { get; init; } = "";
    public bool IsRollback { get; init; }
    public int Try { get; init; }
    public string State { get; init; } = "";
    public string? WorkerName { get; init; }
    public DateTimeOffset ScheduledAt { get; init; }
    public DateTimeOffset? DueAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public string? Outcome { get; init; }
    public string? Error { get; init; }
}

/// <summary>A row of <c>action_deployments_data</c>.</summary>
public sealed record DataRow(string Job, string Type, string DataType, string Data, DateTimeOffset UpdatedAt);

/// <summary>A row of <c>action_deployments_errors</c>.</summary>
public sealed record ErrorRow(long Id, string Job, string Error, DateTimeOffset CreatedAt);

/// <summary>Reads deployments as they are committed.</summary>
public sealed class DeploymentReader(NpgsqlDataSource source)
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public async Task<bool> ExistsAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var command = Command("SELECT true FROM action_deployments WHERE correlation_id = $1", id);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    /// <summary>Null when there is no such deployment.</summary>
    public async Task<Deployment?> ReadAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var command = Command("SELECT to_json(d)::text FROM action_deployments d WHERE correlation_id = $1", id);
        return await command.ExecuteScalarAsync(cancellationToken) is string row ? Parse(row) : null;
    }

    /// <summary>By time of creation, the newest first.</summary>
    public async Task<IReadOnlyList<Deployment>> ListAsync(DeploymentQuery query, CancellationToken cancellationToken)
    {
        var (where, parameters) = Where(query);
        await using var command = source.CreateCommand($"""
            SELECT (to_jsonb(d) - 'store' - 'output')::text FROM action_deployments d
            {where} ORDER BY created_at DESC, correlation_id DESC LIMIT {query.Limit}
            """);
        command.Parameters.AddRange(parameters);
        var found = new List<Deployment>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            found.Add(Parse(reader.GetString(0)));
        return found;
    }

    /// <summary>Every attempt, in their order.</summary>
    public async Task<IReadOnlyList<AttemptRow>> AttemptsAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var command = Command("SELECT to_json(a)::text FROM action_deployments_attempts a WHERE deployment_id = $1 ORDER BY attempt", id);
        var rows = new List<AttemptRow>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(JsonSerializer.Deserialize<AttemptRow>(reader.GetString(0), Json)!);
        return rows;
    }

    /// <summary>The errors of a deployment, or of one of its jobs, in the order in which they happened.</summary>
    public async Task<IReadOnlyList<ErrorRow>> ErrorsAsync(Guid id, string? job, long after, int limit, CancellationToken cancellationToken)
    {
        await using var command = Command(
            """
            SELECT id, job, error, created_at FROM action_deployments_errors
            WHERE deployment_id = $1 AND ($2 IS NULL OR job = $2) AND id > $3 ORDER BY id LIMIT $4
            """,
            id, Sql.Typed(NpgsqlDbType.Text, job), after, limit);
        var rows = new List<ErrorRow>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(new ErrorRow(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetFieldValue<DateTimeOffset>(3)));
        return rows;
    }

    /// <summary>What is stored for a deployment, or for one of its jobs.</summary>
    public async Task<IReadOnlyList<DataRow>> DataAsync(Guid id, string? job, string? type, CancellationToken cancellationToken)
    {
        await using var command = Command(
            """
            SELECT job, type, data_type, data, updated_at FROM action_deployments_data
            WHERE deployment_id = $1 AND ($2 IS NULL OR job = $2) AND ($3 IS NULL OR type = $3) ORDER BY created_at, job, type
            """,
            id, Sql.Typed(NpgsqlDbType.Text, job), Sql.Typed(NpgsqlDbType.Text, type));
        var rows = new List<DataRow>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new DataRow(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetFieldValue<DateTimeOffset>(4)));
        }

        return rows;
    }

    private static Deployment Parse(string row) => JsonSerializer.Deserialize<Deployment>(row, Json)!;

    private NpgsqlCommand Command(string sql, params object[] parameters)
    {
        var command = source.CreateCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter as NpgsqlParameter ?? new NpgsqlParameter { Value = parameter });
        return command;
    }

    private static (string Where, NpgsqlParameter[] Parameters) Where(DeploymentQuery query)
    {
        var conditions = new List<string>();
        var parameters = new List<NpgsqlParameter>();
        Add("application = {0}", query.Application);
        Add("action = {0}", query.Action);
        Add("status = {0}", query.Status);
        Add("outcome = {0}", query.Outcome);
        Add("group_id = {0}", query.GroupId);
        Add("created_at > {0}", query.CreatedAfter?.ToUniversalTime());
        Add("created_at < {0}", query.CreatedBefore?.ToUniversalTime());
        if (query.After is { } after)
        {
            parameters.Add(new NpgsqlParameter { Value = after.CreatedAt.ToUniversalTime() });
            parameters.Add(new NpgsqlParameter { Value = after.Id });
            conditions.Add($"(created_at, correlation_id) < (${parameters.Count - 1}, ${parameters.Count})");
        }

        return (conditions.Count == 0 ? "" : $"WHERE {string.Join(" AND ", conditions)}", [.. parameters]);

        void Add(string condition, object? value)
        {
            if (value is null)
                return;
            parameters.Add(new NpgsqlParameter { Value = value });
            conditions.Add(string.Format(condition, $"${parameters.Count}"));
        }
    }
}
