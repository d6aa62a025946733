using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Orchestrator.Bench.Intake;
using Orchestrator.Bench.Reports;
using Orchestrator.Bench.Stand;
using Orchestrator.Local.Servers;

namespace Orchestrator.Bench.Actions;

/// <summary>
/// Deployments of six jobs that do nothing, over 1, 2 and 4 workers: how many transitions a second (a job done and the next
/// one chosen, in one commit), against the commits of one row that the same database does in the same run.
/// </summary>
public sealed class ActionsScenario(TestStand stand, BenchOptions options, Report report)
{
    private const string Exchange = "orchestrator.actions.execute-action";
    private const int Jobs = 6;
    private static readonly int[] WorkerCounts = [1, 2, 4];
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>The setting with which a worker has the action of this benchmark.</summary>
    private static readonly (string, string) Assembly = ("Actions__Assemblies__0", Checkout.Host("Orchestrator.TestActions"));

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await stand.Few.ExecuteAsync("CREATE EXTENSION IF NOT EXISTS pg_stat_statements", cancellationToken);
        var table = new Table("Actions", "transitions/s", ": pgbench", "worker CPU us", "Postgres CPU us", "broker CPU us", "statements", "memory MiB");
        var figures = new JsonObject();
        var gates = new List<Gate>();
        foreach (var workers in WorkerCounts)
        {
            var commits = await PgBench.CommitsPerSecondAsync(stand.Few, TimeSpan.FromSeconds(5), cancellationToken);
            var round = await MeasureAsync(workers, options.Deployments, cancellationToken);
            Add(table, figures, $"{workers} worker{(workers > 1 ? "s" : "")}", round, commits);
            gates.Add(new Gate($"{workers} workers: transitions : commits", round.PerSecond / commits, 0.05, IsUpper: false, IsGate: true));
            gates.Add(new Gate($"{workers} workers: transitions : commits", round.PerSecond / commits, 0.10, IsUpper: false, IsGate: false));
            gates.Add(new Gate($"{workers} workers: statements a transition", round.Statements, 6, IsUpper: true, IsGate: false));
        }

        var base0 = await PgBench.CommitsPerSecondAsync(stand.Few, TimeSpan.FromSeconds(5), cancellationToken);
        var flood = await MeasureAsync(workers: 1, options.InFlight, cancellationToken, areHeld: true);
        Add(table, figures, $"{options.InFlight:N0} in flight", flood, base0);
        gates.Add(new Gate("in flight: memory at the end : memory after a fifth", flood.MemoryAtEnd / flood.MemoryEarly, 1.3, IsUpper: true, IsGate: true));
        report.Add("actions", table, figures, gates);
    }

    private static void Add(Table table, JsonObject figures, string name, Round round, double commits)
    {
        table.Add(
            name, Text(round.PerSecond), (round.PerSecond / commits).ToString("0.000", CultureInfo.InvariantCulture), Text(round.WorkerCpu), Text(round.PostgresCpu),
            Text(round.BrokerCpu), round.Statements.ToString("0.0", CultureInfo.InvariantCulture), Text(round.MemoryAtEnd));
        figures[name] = new JsonObject
        {
            ["perSecond"] = round.PerSecond,
            ["commitsPerSecond"] = commits,
            ["workerCpuMicroseconds"] = round.WorkerCpu,
            ["postgresCpuMicroseconds"] = round.PostgresCpu,
            ["brokerCpuMicroseconds"] = round.BrokerCpu,
            ["statements"] = round.Statements,
            ["memoryEarlyMiB"] = round.MemoryEarly,
            ["memoryAtEndMiB"] = round.MemoryAtEnd,
        };
    }

    private static string Text(double value) => value.ToString("0", CultureInfo.InvariantCulture);

    /// <param name="workers">How many.</param>
    /// <param name="deployments">How many.</param>
    /// <param name="cancellationToken">Ends the measurement.</param>
    /// <param name="areHeld">All are in flight before the first goes on; what it took to begin them does not count.</param>
    private async Task<Round> MeasureAsync(int workers, int deployments, CancellationToken cancellationToken, bool areHeld = false)
    {
        var hosts = new List<HostProcess>();
        var gate = Path.Combine(Path.GetTempPath(), $"orchestrator-bench-{Guid.CreateVersion7():N}");
        try
        {
            for (var i = 0; i < workers; i++)
                hosts.Add(await stand.StartHostAsync("Orchestrator.Workers", stand.Few, cancellationToken, [Assembly]));
            // Warm: what is compiled at first use is no part of it.
            var warm = $"warm-{gate}";
            await BeginAsync("bench", warm, 300, new string('x', 150), cancellationToken);
            await UntilAsync("outcome = 'Succeeded'", warm, 300, cancellationToken);
            var group = $"bench-{gate}";
            if (areHeld)
            {
                await BeginAsync("bench-held", group, deployments, gate, cancellationToken);
                await UntilAsync("outcome IS NULL", group, deployments, cancellationToken);
            }

            await stand.Few.ExecuteAsync("SELECT pg_stat_statements_reset()", cancellationToken);
            var cpu = Cpu(hosts);
            var start = await stand.Few.ScalarAsync<DateTime>("SELECT now()", cancellationToken);
            var memory = new List<double>();
            using var sampling = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var samples = SampleAsync(hosts[0], memory, sampling.Token);
            if (areHeld)
                await File.WriteAllBytesAsync(gate, [], cancellationToken);
            else
                await BeginAsync("bench", group, deployments, new string('x', 150), cancellationToken);
            await UntilAsync("outcome = 'Succeeded'", group, deployments, cancellationToken);
            await sampling.CancelAsync();
            await samples;
            var spent = Cpu(hosts);
            var transitions = deployments * Jobs;
            // Beginning a deployment is no transition, and its time is in there unless they were held.
            var seconds = await stand.Few.ScalarAsync<double>(
                "SELECT extract(epoch FROM max(finished_at) - greatest($2, min(created_at)))::float8 FROM action_deployments WHERE group_id = $1",
                cancellationToken, group, start);
            var statements = await stand.Few.ScalarAsync<decimal>(
                "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query NOT ILIKE '%pg_stat%'",
                cancellationToken);
            return new Round(
                transitions / seconds,
                (spent.Workers - cpu.Workers) / transitions * 1e6, (spent.Postgres - cpu.Postgres) / transitions * 1e6, (spent.Broker - cpu.Broker) / transitions * 1e6,
                (double)statements / transitions, memory[memory.Count / 5], memory[^1]);
        }
        finally
        {
            File.Delete(gate);
            foreach (var host in hosts)
                await host.DisposeAsync();
        }
    }

    private async Task BeginAsync(string action, string group, int deployments, string text, CancellationToken cancellationToken)
    {
        await using var publisher = await ConfirmedPublisher.ConnectAsync(stand.Amqp, cancellationToken);
        var commands = Enumerable.Range(0, deployments).Select(n => new Command(Guid.CreateVersion7().ToString(), Encoding.UTF8.GetBytes(
            $$"""{"deploymentId":"{{Guid.CreateVersion7()}}","action":"{{action}}","groupId":"{{group}}","input":{"number":{{n}},"text":"{{text}}"} }"""))).ToList();
        await publisher.PublishAsync(Exchange, "application/json", commands, cancellationToken);
    }

    private async Task UntilAsync(string condition, string group, int deployments, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Patience);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (await stand.Few.ScalarAsync<long>($"SELECT count(*) FROM action_deployments WHERE group_id = $1 AND {condition}", deadline.Token, group) < deployments)
            await pause.WaitForNextTickAsync(deadline.Token);
    }

    private static async Task SampleAsync(HostProcess host, List<double> memory, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        try
        {
            do
                memory.Add(ProcessMemory.MiB(host.Pid));
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            // The round is over.
        }
    }

    private (double Workers, double Postgres, double Broker) Cpu(List<HostProcess> hosts) =>
        (hosts.Sum(host => ProcessCpu.Of(host.Pid)), ProcessCpu.Of(stand.PostgresPid), ProcessCpu.Of(stand.RabbitMqPid));

    private sealed record Round(
        double PerSecond, double WorkerCpu, double PostgresCpu, double BrokerCpu, double Statements, double MemoryEarly, double MemoryAtEnd);
}
