using System.Diagnostics;
using Orchestrator.Bench.Reports;
using Orchestrator.Local.Servers;

namespace Orchestrator.Bench.Stand;

/// <summary>
/// Private servers in <c>.run/bench/</c> with two databases that differ only in how many jobs wait: a thousand, or as
/// many as asked for.
/// </summary>
public sealed class TestStand : IAsyncDisposable
{
    public const string AdminToken = "bench-admin-token-0123456789abcdef0123456789";
    public const string WebhookSecret = "bench-secret";
    public const int FewWaiting = 1_000;

    private const string Vhost = "bench";
    private const string OtherVhost = "bench-other";

    private readonly BenchOptions _options;
    private readonly PrivatePostgres _postgres;
    private readonly PrivateRabbitMq _rabbitMq;

    private TestStand(BenchOptions options)
    {
        _options = options;
        _postgres = new PrivatePostgres(ServerDirectory("postgres"), settings: options.PostgresSettings);
        _rabbitMq = new PrivateRabbitMq(ServerDirectory("rabbitmq"));
    }

    /// <summary>Few jobs wait.</summary>
    public Database Few { get; private set; } = null!;

    /// <summary>Many jobs wait.</summary>
    public Database Many { get; private set; } = null!;

    public Uri Amqp => _rabbitMq.AmqpUri(Vhost);

    /// <summary>A virtual host for a second worker: its queues are its own.</summary>
    public Uri OtherAmqp => _rabbitMq.AmqpUri(OtherVhost);

    public int PostgresPid => _postgres.Process!.Pid;

    public int RabbitMqPid => _rabbitMq.Process!.Pid;

    public static async Task<TestStand> StartAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        Clear();
        var stand = new TestStand(options);
        try
        {
            await Task.WhenAll(stand._postgres.StartAsync(cancellationToken), stand._rabbitMq.StartAsync(cancellationToken));
            await stand._rabbitMq.CreateVhostAsync(Vhost, cancellationToken);
            await stand._rabbitMq.CreateVhostAsync(OtherVhost, cancellationToken);
            await stand.FillAsync(cancellationToken);
            return stand;
        }
        catch
        {
            await stand.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a host of ours and waits until it is ready.</summary>
    public Task<HostProcess> StartHostAsync(
        string project, Database database, CancellationToken cancellationToken, params IEnumerable<(string Key, string Value)> settings) =>
        HostProcess.StartAsync(
            Checkout.Host(project), database, Amqp, settings.Concat(Pairs(_options.HostSettings)), cancellationToken);

    /// <summary>Starts the second worker: another program, other settings, or both.</summary>
    public Task<HostProcess> StartOtherWorkerAsync(Database database, CancellationToken cancellationToken) => HostProcess.StartAsync(
        _options.OtherWorker ?? Checkout.Host("Orchestrator.Workers"), database, OtherAmqp,
        Pairs(_options.HostSettings).Concat(Pairs(_options.OtherSettings)), cancellationToken);

    /// <summary>Starts this program again with a hidden command.</summary>
    public Task<HostProcess> StartSelfAsync(
        string command, Database database, CancellationToken cancellationToken, params IEnumerable<(string Key, string Value)> settings) =>
        HostProcess.LaunchAsync(Checkout.Host("Orchestrator.Bench"), [command], database, Amqp, settings, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (var database in (Database?[])[Few, Many])
        {
            if (database is not null)
                await database.DisposeAsync();
        }

        await _rabbitMq.DisposeAsync();
        await _postgres.DisposeAsync();
        Clear();
    }

    private async Task FillAsync(CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        Few = new Database(_postgres.ConnectionString("few"));
        Many = new Database(_postgres.ConnectionString("many"));
        await _postgres.CreateDatabaseAsync("few", cancellationToken);
        await HostProcess.MigrateAsync(Few, Amqp, cancellationToken);
        if (!_options.NeedsJobs)
            return;
        await Preload.FlavorsAsync(Few, cancellationToken);
        await Preload.JobsAsync(Few, first: 1, _options.Completed, isCompleted: true, cancellationToken);
        await Preload.JobsAsync(Few, first: _options.Completed + 1, FewWaiting, isCompleted: false, cancellationToken);
        await Few.ReleaseAsync();
        await using (var admin = new Database(_postgres.ConnectionString("postgres")))
            await admin.ExecuteAsync("CREATE DATABASE many TEMPLATE few STRATEGY file_copy", cancellationToken);
        await Preload.JobsAsync(
            Many, first: _options.Completed + FewWaiting + 1, _options.Waiting - FewWaiting, isCompleted: false, cancellationToken);
        foreach (var database in (Database[])[Few, Many])
            await Preload.SettleAsync(database, cancellationToken);
        Report.Say($"tables filled in {clock.Elapsed.TotalSeconds:0} s: {_options.Completed:N0} completed, {FewWaiting:N0} or {_options.Waiting:N0} waiting");
    }

    private static IEnumerable<(string Key, string Value)> Pairs(Dictionary<string, string> settings) =>
        settings.Select(pair => (pair.Key, pair.Value));

    private static string ServerDirectory(string name) => Checkout.RunDirectory("bench", name);

    private static void Clear()
    {
        if (Directory.Exists(ServerDirectory("postgres")))
            PrivatePostgres.Delete(ServerDirectory("postgres"));
        if (Directory.Exists(ServerDirectory("rabbitmq")))
            PrivateRabbitMq.Delete(ServerDirectory("rabbitmq"));
    }
}
