using Npgsql;
using Orchestrator.Contracts.Actions;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Persistence.Outbox;

namespace Orchestrator.Workers.Actions;

/// <summary>
/// Takes attempts for this worker. One statement, so that of two workers that want the same one has it; it stays with the
/// worker while the worker lives.
/// </summary>
public sealed class AttemptClaims(NpgsqlDataSource source, OutboxOwner owner)
{
    private static readonly string Name = $"{Environment.MachineName}/{Environment.ProcessId}";

    private const string Named = """
        SELECT a.deployment_id, a.attempt FROM unnest($3, $4) AS m (deployment_id, attempt)
        JOIN action_deployments_attempts a USING (deployment_id, attempt)
        WHERE a.state = 'Scheduled' AND a.due_at <= now() AND a.hash = ANY ($5)
        FOR UPDATE OF a SKIP LOCKED
        """;

    private const string Waiting = """
        SELECT a.deployment_id, a.attempt FROM action_deployments_attempts a
        WHERE a.state = 'Scheduled' AND a.due_at <= now() - $3 AND a.hash = ANY ($5)
        ORDER BY a.due_at LIMIT $4 FOR UPDATE OF a SKIP LOCKED
        """;

    private const string Unknown = """
        SELECT DISTINCT hash FROM action_deployments_attempts WHERE state = 'Scheduled' AND due_at <= now() AND hash <> ALL ($1) LIMIT 20
        """;

    private const string Cancelled = """
        SELECT m.deployment_id, m.attempt, coalesce(a.state = 'Running' AND a.worker = $1, false)
        FROM unnest($2, $3) AS m (deployment_id, attempt)
        LEFT JOIN action_deployments_attempts a USING (deployment_id, attempt)
        LEFT JOIN action_deployments d ON d.correlation_id = m.deployment_id
        WHERE (a.state = 'Running' AND a.worker = $1) IS NOT TRUE OR (d.is_stop_requested AND NOT a.is_rollback)
        """;

    private const string Forgotten = """
        SELECT a.deployment_id, a.attempt FROM action_deployments_attempts a
        WHERE a.state = 'Running' AND a.worker = $1 AND a.started_at < now() - interval '10 seconds'
        AND NOT EXISTS (SELECT FROM unnest($2, $3) AS m (deployment_id, attempt) WHERE m.deployment_id = a.deployment_id AND m.attempt = a.attempt)
        LIMIT 100
        """;

    /// <summary>Claims the attempts of messages, as far as they are free and this worker knows their lists of jobs.</summary>
    public Task<List<ClaimedAttempt>> ClaimAsync(IReadOnlyList<RunJob> messages, string[] hashes, CancellationToken cancellationToken)
    {
        var command = source.CreateCommand(Claim(Named));
        AddWorker(command);
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. messages.Select(message => message.DeploymentId)] });
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = [.. messages.Select(message => message.Attempt)] });
        return ReadAsync(command, hashes, cancellationToken);
    }

    /// <summary>Claims attempts that have been due for some time, the longest waiting first.</summary>
    public Task<List<ClaimedAttempt>> ClaimWaitingAsync(TimeSpan waiting, int limit, string[] hashes, CancellationToken cancellationToken)
    {
        var command = source.CreateCommand(Claim(Waiting));
        AddWorker(command);
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = waiting });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        return ReadAsync(command, hashes, cancellationToken);
    }

    /// <summary>Lists of jobs that attempts wait for and that are none of these.</summary>
    public async Task<List<string>> UnknownHashesAsync(string[] known, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(Unknown);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = known });
        var hashes = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            hashes.Add(reader.GetString(0));
        return hashes;
    }

    /// <summary>Those of the attempts that are to be cancelled: stopped by a user, or no longer this worker's.</summary>
    public async Task<List<(Guid DeploymentId, int Attempt, bool IsOurs)>> CancelledAsync(
        IReadOnlyList<ClaimedAttempt> running, CancellationToken cancellationToken)
    {
        await using var command = Command(Cancelled, running);
        var cancelled = new List<(Guid, int, bool)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            cancelled.Add((reader.GetGuid(0), reader.GetInt32(1), reader.GetBoolean(2)));
        return cancelled;
    }

    /// <summary>
    /// Attempts that are this worker's and that it does not run: the answer to their claim was lost with its connection.
    /// </summary>
    public async Task<List<(Guid DeploymentId, int Attempt)>> ForgottenAsync(IReadOnlyList<ClaimedAttempt> running, CancellationToken cancellationToken)
    {
        await using var command = Command(Forgotten, running);
        var forgotten = new List<(Guid, int)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            forgotten.Add((reader.GetGuid(0), reader.GetInt32(1)));
        return forgotten;
    }

    private NpgsqlCommand Command(string sql, IReadOnlyList<ClaimedAttempt> running)
    {
        var command = source.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = owner.Id });
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. running.Select(attempt => attempt.DeploymentId)] });
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = [.. running.Select(attempt => attempt.Attempt)] });
        return command;
    }

    private static string Claim(string which) => $"""
        WITH due AS ({which}),
        claimed AS (
            UPDATE action_deployments_attempts a SET state = 'Running', worker = $1, worker_name = $2, started_at = now()
            FROM due WHERE a.deployment_id = due.deployment_id AND a.attempt = due.attempt
            RETURNING a.deployment_id, a.attempt, a.job, a.is_rollback, a.try, a.hash)
        SELECT c.deployment_id, c.attempt, c.job, c.is_rollback, c.try, c.hash, d.application, d.action, d.group_id,
               i.data_type, i.data, d.store_type, d.store, d.failed_job, d.rollback_error, d.rollback_error_type, d.trace_parent
        FROM claimed c
        JOIN action_deployments d ON d.correlation_id = c.deployment_id
        LEFT JOIN action_deployments_data i ON i.deployment_id = c.deployment_id AND i.job = c.job AND i.type = 'input'
        """;

    private void AddWorker(NpgsqlCommand command)
    {
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = owner.Id });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Name });
    }

    private static async Task<List<ClaimedAttempt>> ReadAsync(NpgsqlCommand command, string[] hashes, CancellationToken cancellationToken)
    {
        await using var _ = command;
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = hashes });
        var claimed = new List<ClaimedAttempt>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            claimed.Add(Read(reader));
        FailPoint.Pass(FailPoint.JobClaimed, claimed.Count);
        return claimed;
    }

    private static ClaimedAttempt Read(NpgsqlDataReader reader) => new()
    {
        DeploymentId = reader.GetGuid(0),
        Attempt = reader.GetInt32(1),
        Job = reader.GetString(2),
        IsRollback = reader.GetBoolean(3),
        Try = reader.GetInt32(4),
        Hash = reader.GetString(5),
        Application = reader.GetString(6),
        Action = reader.GetString(7),
        GroupId = reader.GetString(8),
        Input = Value(reader, 9) ?? JobValue.Empty,
        Store = Value(reader, 11),
        Failure = reader.IsDBNull(14)
            ? null
            : new JobFailure(reader.IsDBNull(13) ? "" : reader.GetString(13), reader.GetString(14), reader.IsDBNull(15) ? "" : reader.GetString(15)),
        TraceParent = reader.IsDBNull(16) ? null : reader.GetString(16),
    };

    private static JobValue? Value(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : new JobValue(reader.GetString(column), reader.GetString(column + 1));
}
