using Orchestrator.Bench.Actions;
using Orchestrator.Bench.Clones;
using Orchestrator.Bench.Instances;
using Orchestrator.Bench.Intake;
using Orchestrator.Bench.Pressure;
using Orchestrator.Bench.Reports;
using Orchestrator.Bench.Saga;
using Orchestrator.Bench.Stand;
using Orchestrator.Bench.Webhook;
using Orchestrator.Local.Servers;

namespace Orchestrator.Bench;

/// <summary>One run: the servers, the filled tables, the scenarios, the verdict.</summary>
public static class Benchmark
{
    /// <returns>0 when every gate holds, else 1.</returns>
    public static async Task<int> RunAsync(BenchOptions options)
    {
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, press) =>
        {
            press.Cancel = true;
            stop.Cancel();
        };
        var report = new Report(options);
        try
        {
            await using var stand = await TestStand.StartAsync(options, stop.Token);
            foreach (var scenario in options.Scenarios)
            {
                await (scenario switch
                {
                    "jobs-intake" => new IntakeScenario(stand, options, report).RunAsync(stop.Token),
                    "saga" => new SagaScenario(stand, options, report).RunAsync(stop.Token),
                    "jobs-webhook" => new WebhookScenario(stand, options, report).RunAsync(stop.Token),
                    "instances" => new InstancesScenario(stand, options, report).RunAsync(stop.Token),
                    "actions" => new ActionsScenario(stand, options, report).RunAsync(stop.Token),
                    "clones" => new ClonesScenario(stand, options, report).RunAsync(stop.Token),
                    _ => new PressureScenario(stand, options, report).RunAsync(stop.Token),
                });
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 130;
        }
        catch (Exception exception) when (exception is ServerStartException or MeasurementException)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 1;
        }

        report.WriteVerdict();
        return report.HasFailed ? 1 : 0;
    }
}
