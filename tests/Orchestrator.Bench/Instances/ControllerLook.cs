using System.Diagnostics;
using System.Text.Json.Nodes;
using Orchestrator.Bench.Reports;
using Orchestrator.Bench.Stand;
using Orchestrator.Sagas.Hosting;
using Orchestrator.Sagas.Instances.Capacity;

namespace Orchestrator.Bench.Instances;

/// <summary>What a look of the controller costs when every flavor has what it wants, and what a step for one of them costs.</summary>
internal sealed class ControllerLook(TestStand stand, BenchOptions options, Report report)
{
    private const int PerFlavor = 5;
    private const int Looks = 200;

    // As many instances as are wanted, all idle and young; and many more that have ended.
    private const string Fill = """
        WITH app AS (INSERT INTO app (name, command) VALUES ('bench-controller', '{/bin/true}') RETURNING id),
        flavor AS (
            INSERT INTO flavor (platform, name, labels, minimum_pressure, provision_app, provision_instance_type)
            SELECT 'bench', 'f' || n, ARRAY['f' || n], $2, app.id, 'small' FROM app, generate_series(1, $1) n RETURNING name, provision_app)
        INSERT INTO instance (correlation_id, id, app_id, instance_type, status, instance_status, version, attempt, is_placed, restarts, created_at, updated_at,
                              flavor_platform, flavor_name, idle_since, ended_at)
        SELECT gen_random_uuid(), nextval('instance_id'), f.provision_app, 'small', s.status, s.status, 1, 1, s.status = 'running', 0, now(), now(), 'bench', f.name,
               CASE s.status WHEN 'running' THEN now() END, CASE s.status WHEN 'terminated' THEN now() - interval '1 hour' END
        FROM flavor f CROSS JOIN LATERAL (
            SELECT 'running' AS status FROM generate_series(1, $2) UNION ALL SELECT 'terminated' FROM generate_series(1, $3)) s
        """;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var database = stand.Few;
        await database.ExecuteAsync(Fill, cancellationToken, options.Flavors, PerFlavor, 100);
        await database.ExecuteAsync("ANALYZE", cancellationToken);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ConnectionStrings:Postgres"] = database.ConnectionString,
            ["ConnectionStrings:RabbitMq"] = stand.Amqp.AbsoluteUri,
        });
        builder.Logging.ClearProviders();
        builder.AddOrchestratorCore("bench");
        using var services = builder.Build();
        var controller = services.Services.GetRequiredService<CapacityController>();
        await TimesAsync(() => controller.ReconcileAsync(flavors: null, cancellationToken), 20);
        var cpu = ProcessCpu.Of(stand.PostgresPid);
        var all = await TimesAsync(() => controller.ReconcileAsync(flavors: null, cancellationToken), Looks);
        var perLook = (ProcessCpu.Of(stand.PostgresPid) - cpu) / Looks * 1000;
        var one = await TimesAsync(() => controller.ReconcileAsync([("bench", "f1")], cancellationToken), Looks);
        var step = await TimesAsync(() => controller.StepAsync("bench", "f1", cancellationToken), Looks);

        var table = new Table($"Controller, {options.Flavors} flavors of {PerFlavor} instances", "median ms", "p99 ms", "Postgres CPU ms");
        table.Add("a look at all of them", $"{all.Median():0.00}", $"{all.Percentile(99):0.00}", $"{perLook:0.0}");
        table.Add("a look at one of them", $"{one.Median():0.00}", $"{one.Percentile(99):0.00}", "");
        table.Add("a step for one, nothing to do", $"{step.Median():0.00}", $"{step.Percentile(99):0.00}", "");
        report.Add("instances-controller", table, new JsonObject
        {
            ["flavors"] = options.Flavors,
            ["look"] = all.Median(),
            ["lookPostgresMilliseconds"] = perLook,
            ["lookAtOne"] = one.Median(),
            ["step"] = step.Median(),
        });
    }

    private static async Task<List<double>> TimesAsync(Func<Task> action, int count)
    {
        var times = new List<double>(count);
        for (var i = 0; i < count; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await action();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return times;
    }
}
