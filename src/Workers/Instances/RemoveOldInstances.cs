using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Sagas.Duties;
using Orchestrator.Sagas.Instances;

namespace Orchestrator.Workers.Instances;

/// <summary>Removes instances that were terminated, or failed for good, longer ago than they are kept; never one that still holds a claim.</summary>
public sealed class RemoveOldInstances(
    NpgsqlDataSource source, IOptions<InstancesOptions> options, IOptions<RetentionOptions> retention, ILogger<RemoveOldInstances> logger) : IDuty
{
    private const int Bite = 1_000;

    private const string Delete = """
        DELETE FROM instance WHERE correlation_id IN (
            SELECT correlation_id FROM instance i
            WHERE ended_at < now() - $1 AND (status = 'terminated' OR (status = 'failed' AND instance_status <> 'running'))
              AND NOT EXISTS (SELECT FROM placement p WHERE p.instance = i.correlation_id)
            LIMIT $2 FOR UPDATE SKIP LOCKED)
        """;

    public string Name => "remove-old-instances";

    public TimeSpan Interval => retention.Value.Interval;

    public Task RunAsync(CancellationToken cancellationToken) =>
        OldRows.RemoveAsync(source, logger, "instances", Delete, options.Value.Retention, Bite, cancellationToken);
}
