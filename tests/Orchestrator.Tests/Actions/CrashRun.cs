using System.Diagnostics;
using System.Text.Json;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Actions;

/// <summary>
/// A deployment of six jobs that fails at the sixth and undoes all six, with whatever is killed meanwhile; and what is left
/// of it, without what differs from run to run.
/// </summary>
public sealed class CrashRun(Place place, Host api, Ledger ledger)
{
    /// <summary>Runs it over one worker that dies at a fail point, and a second one that finds what it left.</summary>
    public async Task<(string Left, TimeSpan Recovery)> WithKillAsync(string point)
    {
        await using var worker = await Host.StartWorkerAsync(place, ActionsApi.Assembly, Host.Only("actions"), ("ORCHESTRATOR_FAIL_POINT", point));
        var id = await BeginAsync();
        Assert.Equal(137, await worker.Exit.WaitAsync(Wait.Patience, TestContext.Current.CancellationToken));
        var recovery = TimeSpan.Zero;
        await using (var next = await Host.StartWorkerAsync(place, ActionsApi.Assembly, Host.Only("actions")))
        {
            var clock = Stopwatch.StartNew();
            var before = await AttemptsAsync(id);
            await Wait.UntilAsync(async () => await IsFinishedAsync(id) || await AttemptsAsync(id) > before, "taken up again");
            recovery = clock.Elapsed;
            await ActionsApi.FinishedAsync(api, id, TimeSpan.FromSeconds(60));
            await next.StopAsync();
        }

        return (await LeftAsync(id), recovery);
    }

    /// <summary>Runs it over one worker that lives.</summary>
    public async Task<string> UninterruptedAsync()
    {
        await using var worker = await Host.StartWorkerAsync(place, ActionsApi.Assembly, Host.Only("actions"));
        var id = await BeginAsync();
        await ActionsApi.FinishedAsync(api, id, TimeSpan.FromSeconds(60));
        await worker.StopAsync();
        return await LeftAsync(id);
    }

    private Task<Guid> BeginAsync() => ActionsApi.BeginAsync(api, ledger, group: "crash");

    private Task<bool> IsFinishedAsync(Guid id) => place.ScalarAsync<bool>("SELECT status = 'Finished' FROM action_deployments WHERE correlation_id = $1", id);

    private Task<long> AttemptsAsync(Guid id) =>
        place.ScalarAsync<long>("SELECT count(*) FROM action_deployments_attempts WHERE deployment_id = $1 AND state <> 'Scheduled'", id);

    // Attempts are numbered on when one is lost; everything else is the same.
    private async Task<string> LeftAsync(Guid id)
    {
        var rows = await place.ScalarAsync<string>(
            """
            SELECT json_build_object(
                'deployment', (SELECT to_jsonb(d) - '{correlation_id,attempt,trace_id,trace_parent,created_at,updated_at,finished_at}'::text[]
                    FROM action_deployments d WHERE correlation_id = $1),
                'data', (SELECT jsonb_agg(to_jsonb(x) - '{deployment_id,created_at,updated_at}'::text[] ORDER BY job, type)
                    FROM action_deployments_data x WHERE deployment_id = $1),
                'errors', (SELECT jsonb_agg(jsonb_build_array(job, error) ORDER BY id) FROM action_deployments_errors WHERE deployment_id = $1),
                'attempts', (SELECT jsonb_agg(jsonb_build_array(job, is_rollback, try, outcome, error) ORDER BY attempt)
                    FROM action_deployments_attempts WHERE deployment_id = $1 AND outcome <> 'Lost'),
                'timeline', (SELECT jsonb_agg(jsonb_build_array(what, from_state, to_state, reason) ORDER BY id)
                    FROM resource_event WHERE kind = 'deployment' AND key = $1::text AND what <> 'worker-lost'))::text
            """,
            id);
        var effects = JsonSerializer.Serialize(ledger.LinesOf(id), new JsonSerializerOptions { WriteIndented = true });
        using var document = JsonDocument.Parse(rows);
        return JsonSerializer.Serialize(document, new JsonSerializerOptions { WriteIndented = true }) + "\n" + effects;
    }
}
