using Npgsql;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Persistence.Outbox;

namespace Orchestrator.Workers.Actions;

/// <summary>The data of a deployment as one attempt reads and writes it: at once, and only while the attempt is this worker's.</summary>
public sealed class AttemptData(NpgsqlDataSource source, OutboxOwner owner, Guid deploymentId, int attempt) : IJobData
{
    private const string Upsert = """
        INSERT INTO action_deployments_data (deployment_id, job, type, data_type, data)
        SELECT $1, $2, $3, $4, $5
        FROM action_deployments_attempts
        WHERE deployment_id = $1 AND attempt = $6 AND state = 'Running' AND worker = $7
        FOR SHARE
        ON CONFLICT (deployment_id, job, type) DO UPDATE SET data_type = excluded.data_type, data = excluded.data, updated_at = now()
        """;

    private const string Hold = """
        SELECT 1 FROM action_deployments_attempts WHERE deployment_id = $1 AND attempt = $2 AND state = 'Running' AND worker = $3 FOR SHARE
        """;

    private const string Select = "SELECT data_type, data FROM action_deployments_data WHERE deployment_id = $1 AND job = $2 AND type = $3";

    public async Task SetAsync(string job, string kind, JobValue value, CancellationToken cancellationToken)
    {
        await using (var command = Command(Upsert, deploymentId, job, kind, value.Type, value.Json, attempt, owner.Id))
        {
            if (await command.ExecuteNonQueryAsync(cancellationToken) == 0)
                throw new AttemptFencedException();
        }

        FailPoint.Pass(FailPoint.JobDataStored);
    }

    public async Task<JobValue?> GetAsync(string job, string kind, CancellationToken cancellationToken)
    {
        await using var command = Command(Select, deploymentId, job, kind);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new JobValue(reader.GetString(0), reader.GetString(1)) : null;
    }

    public async Task FenceAsync(DurableTransaction transaction, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(Hold, deploymentId, attempt, owner.Id));
        if (await batch.ExecuteScalarAsync(cancellationToken) is null)
            throw new AttemptFencedException();
    }

    private NpgsqlCommand Command(string sql, params object[] parameters)
    {
        var command = source.CreateCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        return command;
    }
}
