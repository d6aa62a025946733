using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Actions;

/// <summary>
/// The statements that move deployments: each serves any number of them, its rows given as one JSON document.
/// </summary>
internal static class DeploymentTable
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    // The lock first, in a statement of its own: the second one then sees what was committed before it was granted.
    private const string Lock = "SELECT 1 FROM action_deployments WHERE correlation_id = ANY ($1) ORDER BY correlation_id FOR UPDATE";

    private const string Select = """
        SELECT to_json(d)::text, a.state = 'Running'
        FROM action_deployments d
        JOIN action_deployments_attempts a ON a.deployment_id = d.correlation_id AND a.attempt = d.attempt
        WHERE d.correlation_id = ANY ($1)
        FOR UPDATE OF a
        """;

    private const string InsertRows = """
        INSERT INTO action_deployments (correlation_id, state, status, outcome, application, action, group_id, hash, current_job, attempt,
            is_attempt_open, tries, losses, is_stop_requested, pending_rollbacks, failed_rollbacks, trace_id, trace_parent, actor, created_at, finished_at)
        SELECT correlation_id, state, status, outcome, application, action, group_id, hash, current_job, attempt,
            is_attempt_open, tries, losses, is_stop_requested, pending_rollbacks, failed_rollbacks, trace_id, trace_parent, actor, created_at,
            CASE WHEN status = 'Finished' THEN now() END
        FROM json_populate_recordset(NULL::action_deployments, $1)
        """;

    private const string UpdateRows = """
        UPDATE action_deployments d
        SET state = r.state, status = r.status, outcome = r.outcome, hash = r.hash, current_job = r.current_job, attempt = r.attempt,
            is_attempt_open = r.is_attempt_open, tries = r.tries, losses = r.losses, is_stop_requested = r.is_stop_requested,
            rollback_error = r.rollback_error, rollback_error_type = r.rollback_error_type, failed_job = r.failed_job,
            pending_rollbacks = r.pending_rollbacks, failed_rollbacks = r.failed_rollbacks, incident = r.incident,
            store_type = r.store_type, store = r.store, output_type = r.output_type, output = r.output, updated_at = now(),
            finished_at = CASE WHEN r.status = 'Finished' THEN coalesce(r.finished_at, now()) END
        FROM json_populate_recordset(NULL::action_deployments, $1) r
        WHERE d.correlation_id = r.correlation_id
        """;

    private const string InsertAttempts = """
        INSERT INTO action_deployments_attempts (deployment_id, attempt, job, is_rollback, try, hash, state, due_at)
        SELECT deployment_id, attempt, job, is_rollback, try, hash, 'Scheduled', now() + delay * interval '1 microsecond'
        FROM json_to_recordset($1) AS r (deployment_id uuid, attempt int, job text, is_rollback boolean, try int, hash text, delay bigint)
        """;

    private const string EndAttempts = """
        UPDATE action_deployments_attempts a SET state = 'Ended', ended_at = now(), outcome = r.outcome, error = r.error
        FROM json_to_recordset($1) AS r (deployment_id uuid, attempt int, outcome text, error text)
        WHERE a.deployment_id = r.deployment_id AND a.attempt = r.attempt
        """;

    private const string UpsertInputs = """
        INSERT INTO action_deployments_data (deployment_id, job, type, data_type, data)
        SELECT deployment_id, job, 'input', data_type, data
        FROM json_to_recordset($1) AS r (deployment_id uuid, job text, data_type text, data text)
        ON CONFLICT (deployment_id, job, type) DO UPDATE SET data_type = excluded.data_type, data = excluded.data, updated_at = now()
        """;

    private const string InsertErrors = """
        INSERT INTO action_deployments_errors (deployment_id, job, error)
        SELECT deployment_id, job, error
        FROM ROWS FROM (json_to_recordset($1) AS (deployment_id uuid, job text, error text)) WITH ORDINALITY AS r (deployment_id, job, error, no)
        ORDER BY no
        """;

    /// <summary>Locks deployments and reads them, with whether a worker has the current attempt.</summary>
    public static async Task<List<(Deployment Deployment, bool IsClaimed)>> LoadAsync(
        DurableTransaction transaction, Guid[] ids, IReadOnlyList<NpgsqlBatchCommand> before, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        foreach (var command in before)
            batch.BatchCommands.Add(command);
        batch.BatchCommands.Add(Sql.Command(Lock, ids));
        batch.BatchCommands.Add(Sql.Command(Select, ids));
        var found = new List<(Deployment, bool)>();
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        do
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                if (reader.FieldCount == 2)
                    found.Add((JsonSerializer.Deserialize<Deployment>(reader.GetString(0), Json)!, reader.GetBoolean(1)));
            }
        }
        while (await reader.NextResultAsync(cancellationToken));
        return found;
    }

    /// <summary>Writes what the moves led to, with the commit.</summary>
    public static void Write(
        DurableTransaction transaction, IReadOnlyList<Deployment> begun, IReadOnlyList<Deployment> changed, IReadOnlyList<(Deployment Deployment, DeploymentStep Step)> steps)
    {
        Add(transaction, InsertRows, begun);
        Add(transaction, UpdateRows, changed);
        Add(transaction, InsertAttempts, Rows(steps, step => step.Begun, (deployment, attempt) => (object)new
        {
            DeploymentId = deployment.CorrelationId,
            attempt.Attempt,
            attempt.Job,
            attempt.IsRollback,
            attempt.Try,
            deployment.Hash,
            Delay = attempt.Delay.Ticks / TimeSpan.TicksPerMicrosecond,
        }));
        Add(transaction, EndAttempts, Rows(steps, step => step.Ended, (deployment, attempt) => (object)new
        {
            DeploymentId = deployment.CorrelationId,
            attempt.Attempt,
            attempt.Outcome,
            attempt.Error,
        }));
        Add(transaction, UpsertInputs, LastInputs(steps));
        Add(transaction, InsertErrors, [.. steps.SelectMany(pair => pair.Step.Errors, (pair, error) => (object)new
        {
            DeploymentId = pair.Deployment.CorrelationId,
            error.Job,
            error.Error,
        })]);
    }

    // A statement may touch a row once.
    private static List<object> LastInputs(IReadOnlyList<(Deployment Deployment, DeploymentStep Step)> steps) =>
    [
        .. steps.Where(pair => pair.Step.Input is not null)
            .GroupBy(pair => (pair.Deployment.CorrelationId, pair.Step.Input!.Job))
            .Select(group => (object)new
            {
                DeploymentId = group.Key.CorrelationId,
                group.Key.Job,
                DataType = group.Last().Step.Input!.Value.Type,
                Data = group.Last().Step.Input!.Value.Json,
            }),
    ];

    private static List<object> Rows<T>(
        IReadOnlyList<(Deployment Deployment, DeploymentStep Step)> steps, Func<DeploymentStep, T?> pick, Func<Deployment, T, object> row)
        where T : class
    {
        var rows = new List<object>(steps.Count);
        foreach (var (deployment, step) in steps)
        {
            if (pick(step) is { } picked)
                rows.Add(row(deployment, picked));
        }

        return rows;
    }

    private static void Add<T>(DurableTransaction transaction, string sql, IReadOnlyList<T> rows)
    {
        if (rows.Count > 0)
            transaction.ExecuteWithCommit(Sql.Command(sql, Sql.Typed(NpgsqlDbType.Json, JsonSerializer.Serialize(rows, Json))));
    }
}
