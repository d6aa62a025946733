using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Duties;

namespace Orchestrator.Workers.Actions;

/// <summary>Removes deployments, with all that belongs to them, that finished longer ago than they are kept.</summary>
public sealed class RemoveOldDeployments(
    NpgsqlDataSource source, IOptions<ActionsOptions> options, IOptions<RetentionOptions> retention, ILogger<RemoveOldDeployments> logger) : IDuty
{
    private const int Bite = 500;

    private const string Delete = """
        DELETE FROM action_deployments WHERE correlation_id IN (
            SELECT correlation_id FROM action_deployments WHERE finished_at < now() - $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
        """;

    public string Name => "remove-old-deployments";

    public TimeSpan Interval => retention.Value.Interval;

    public Task RunAsync(CancellationToken cancellationToken) =>
        OldRows.RemoveAsync(source, logger, "deployments", Delete, options.Value.Retention, Bite, cancellationToken);
}
