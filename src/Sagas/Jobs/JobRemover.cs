using Orchestrator.Contracts.Jobs;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Jobs;

/// <summary>Deletes jobs and leaves tombstones, so that a replayed event makes no ghost of them.</summary>
public sealed class JobRemover
{
    /// <summary>True when there was such a job. The tombstone is left either way.</summary>
    public async Task<bool> DeleteAsync(
        DurableTransaction transaction, string platform, string id, string actor, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        // Exclusive, so that no writer that has looked for the tombstone already can still insert the job.
        batch.BatchCommands.Add(Sql.Command(
            $"SELECT pg_advisory_xact_lock({AdvisoryLocks.Platform}, hashtext($1))", platform));
        batch.BatchCommands.Add(Sql.Command(
            "INSERT INTO job_tombstone (platform, id) VALUES ($1, $2) ON CONFLICT DO NOTHING", platform, id));
        var delete = Sql.Command("DELETE FROM job WHERE platform = $1 AND id = $2", platform, id);
        batch.BatchCommands.Add(delete);
        await batch.ExecuteNonQueryAsync(cancellationToken);
        if (delete.RecordsAffected == 0)
            return false;
        transaction.Publish(new JobDeleted { Platform = platform, Id = id });
        transaction.Record(new ResourceEvent
        {
            Kind = "job",
            Key = JobReports.Key(platform, id),
            What = "deleted",
            ToState = "deleted",
            Actor = actor,
            TraceId = System.Diagnostics.Activity.Current?.TraceId.ToHexString(),
        });
        return true;
    }
}
