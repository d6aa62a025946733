using System.Diagnostics;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Sagas.Jobs;

/// <summary>How an edit of one job ended.</summary>
public enum JobEdit
{
    Done,
    NotFound,

    /// <summary>The job, or the time that was to be set, is there already.</summary>
    Exists,

    /// <summary>The job was deleted before; its id is not used again.</summary>
    Deleted,
}

/// <summary>
/// Edits one job where the caller wants to know whether it could be done, which messages do not ask. It decides in
/// the transaction, behind the same lock as every writer, and lets <see cref="JobWriter"/> write.
/// </summary>
public sealed class JobEditor(JobWriter writer, OrchestratorMetrics metrics)
{
    // Before any row is locked: a change of a flavor holds this lock while it wants the rows.
    private static readonly string Lock = $"SELECT pg_advisory_xact_lock_shared({AdvisoryLocks.Platform}, hashtext($1))";

    /// <summary>Adds a job (seed: <c>AddJob</c>).</summary>
    /// <returns><see cref="JobEdit.Done"/>, <see cref="JobEdit.Exists"/> or <see cref="JobEdit.Deleted"/>; only the first is to be committed.</returns>
    public async Task<JobEdit> AddAsync(DurableTransaction transaction, JobChange change, string actor, CancellationToken cancellationToken)
    {
        const string find = "SELECT true, true FROM job WHERE platform = $1 AND id = $2";
        if ((await FindAsync(transaction, change, find, cancellationToken)).Exists)
            return JobEdit.Exists;
        if (await ApplyAsync(transaction, change, actor, cancellationToken) is { } outcome)
            return outcome.Transitions.HasFlag(JobTransitions.Inserted) ? JobEdit.Done : JobEdit.Exists;
        // Nothing was written: a tombstone forbade it, or somebody added the same job meanwhile.
        return (await FindAsync(transaction, change, find, cancellationToken)).Exists ? JobEdit.Exists : JobEdit.Deleted;
    }

    /// <summary>Sets the times that the change names (seed: <c>UpdateJobStarted</c>, <c>UpdateJobCompleted</c>), if neither is set.</summary>
    /// <returns><see cref="JobEdit.Done"/>, <see cref="JobEdit.NotFound"/> or <see cref="JobEdit.Exists"/>; only the first is to be committed.</returns>
    public async Task<JobEdit> AdvanceAsync(DurableTransaction transaction, JobChange change, string actor, CancellationToken cancellationToken)
    {
        var (row, exists) = await FindAsync(
            transaction, change,
            "SELECT started_at IS NOT NULL, completed_at IS NOT NULL FROM job WHERE platform = $1 AND id = $2 FOR UPDATE",
            cancellationToken);
        if (!exists)
            return JobEdit.NotFound;
        if ((change.StartedAt is not null && row.IsStarted) || (change.CompletedAt is not null && row.IsCompleted))
            return JobEdit.Exists;
        await ApplyAsync(transaction, change, actor, cancellationToken);
        return JobEdit.Done;
    }

    private static async Task<((bool IsStarted, bool IsCompleted) Row, bool Exists)> FindAsync(
        DurableTransaction transaction, JobChange change, string sql, CancellationToken cancellationToken)
    {
        await transaction.ExecuteAsync(Lock, cancellationToken, change.Platform);
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(sql, change.Platform, change.Id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? ((reader.GetBoolean(0), reader.GetBoolean(1)), true)
            : (default, false);
    }

    private async Task<JobOutcome?> ApplyAsync(
        DurableTransaction transaction, JobChange change, string actor, CancellationToken cancellationToken)
    {
        var cause = Activity.Current?.Context ?? default;
        var traceId = cause == default ? null : cause.TraceId.ToHexString();
        var outcomes = await writer.ApplyAsync(transaction, [change], [(null, 0)], "http", [traceId], cancellationToken);
        foreach (var outcome in outcomes)
            transaction.Report(outcome, actor, cause);
        transaction.ReportPressure(outcomes, cause, links: null);
        metrics.Count(outcomes);
        return outcomes is [var only] ? only : null;
    }
}
