using Orchestrator.Contracts.Instances;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Instances;

/// <summary>Ends all instances of an app that are meant to run (seed: <c>terminate_all_instances</c>), for good.</summary>
public sealed class AppTermination(InstanceSagas sagas)
{
    /// <summary>One command for each instance, all of them or none; says how many.</summary>
    public async Task<int> RunAsync(DurableTransaction transaction, long app, string actor, CancellationToken cancellationToken)
    {
        // No new one slips in between: who accepts one waits for the app's row.
        await transaction.ExecuteAsync("SELECT 1 FROM app WHERE id = $1 FOR UPDATE", cancellationToken, app);
        var guids = new List<Guid>();
        await using (var batch = transaction.CreateBatch())
        {
            batch.BatchCommands.Add(Sql.Command("SELECT correlation_id FROM instance WHERE app_id = $1 AND instance_status = 'running' ORDER BY correlation_id", app));
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                guids.Add(reader.GetGuid(0));
        }

        var terminated = 0;
        foreach (var guid in guids)
        {
            var outcome = await sagas.RaiseAsync(
                transaction, guid, sagas.Machine.Terminate, new TerminateInstance { InstanceId = guid, Reason = "terminate-all" }, actor, cancellationToken);
            terminated += outcome.Instance?.InstanceStatus is Intents.Terminated ? 1 : 0;
        }

        return terminated;
    }
}
