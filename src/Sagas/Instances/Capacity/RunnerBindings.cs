using Npgsql;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Instances.Capacity;

/// <summary>
/// Binds jobs to the instances that serve them: a job's payload names its runner, <c>runner_name</c>, which is the guid of an
/// instance. It looks at the jobs as they are, so the events that call it may come twice, late and in any order.
/// </summary>
public sealed class RunnerBindings(NpgsqlDataSource source, DurableTransactions transactions, InstanceSagas sagas)
{
    private const string Actor = "jobs";

    private const string Find = """
        SELECT i.correlation_id, j.platform, j.id, j.completed_at IS NOT NULL
        FROM (SELECT DISTINCT platform, id FROM unnest($1, $2) AS k (platform, id)) k
        JOIN job j USING (platform, id)
        CROSS JOIN LATERAL (SELECT jsonb_path_query_first(j.raw, '$.**.runner_name ? (@ like_regex "^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$")') #>> '{}' AS name) r
        JOIN instance i ON i.correlation_id = CASE WHEN r.name ~ '^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$' THEN r.name::uuid END
        WHERE i.status <> 'terminated'
        """;

    private const string FindDeleted = """
        SELECT i.correlation_id, i.job_platform, i.job_id, true
        FROM unnest($1, $2) AS k (platform, id) JOIN instance i ON i.job_platform = k.platform AND i.job_id = k.id
        WHERE i.status <> 'terminated' AND NOT EXISTS (SELECT FROM job j WHERE j.platform = k.platform AND j.id = k.id)
        """;

    /// <summary>Looks at jobs that started, completed or were deleted; says how many of them have a runner of ours.</summary>
    public async Task<int> LookAsync(IReadOnlyCollection<(string Platform, string Id)> jobs, CancellationToken cancellationToken)
    {
        var bound = await FindAsync(Find, jobs, cancellationToken);
        bound.AddRange(await FindAsync(FindDeleted, jobs, cancellationToken));
        foreach (var (instance, platform, id, isOver) in bound)
        {
            await using var transaction = await transactions.BeginAsync(cancellationToken);
            if (isOver)
                await sagas.RaiseAsync(transaction, instance, sagas.Machine.Left, new JobLeft(platform, id), Actor, cancellationToken);
            else
                await sagas.RaiseAsync(transaction, instance, sagas.Machine.Taken, new JobTaken(platform, id), Actor, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return bound.Count;
    }

    private async Task<List<(Guid Instance, string Platform, string Id, bool IsOver)>> FindAsync(
        string sql, IReadOnlyCollection<(string Platform, string Id)> jobs, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        command.Parameters.Add(new() { Value = jobs.Select(job => job.Platform).ToArray() });
        command.Parameters.Add(new() { Value = jobs.Select(job => job.Id).ToArray() });
        var found = new List<(Guid, string, string, bool)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            found.Add((reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetBoolean(3)));
        return found;
    }
}
