using System.Globalization;
using Orchestrator.Bench.Reports;
using Orchestrator.Local.Servers;

namespace Orchestrator.Bench.Calls;

/// <summary>
/// Queue servers that people know, with jobs that do nothing: celery on the same RabbitMQ, graphile-worker on the same Postgres. What
/// cannot be installed is left out.
/// </summary>
internal sealed class QueuePeers
{
    private readonly string _directory = Path.Combine(Checkout.Root, "tests", "Orchestrator.Bench", "Calls", "peers");
    private readonly PrivatePostgres _postgres;
    private readonly PrivateRabbitMq _rabbitMq;
    private readonly string _npm = Checkout.RunDirectory("bench", "npm");
    private bool _hasCelery;
    private bool _hasGraphile;

    private QueuePeers(PrivatePostgres postgres, PrivateRabbitMq rabbitMq) => (_postgres, _rabbitMq) = (postgres, rabbitMq);

    public static async Task<QueuePeers> PrepareAsync(PrivatePostgres postgres, PrivateRabbitMq rabbitMq, CancellationToken cancellationToken)
    {
        var peers = new QueuePeers(postgres, rabbitMq);
        peers._hasCelery = await TryAsync("celery", () => Script.RunAsync(Path.Combine(peers._directory, "install-celery"), [], peers._directory, cancellationToken));
        peers._hasGraphile = await TryAsync("graphile-worker", () => Script.RunAsync(Path.Combine(peers._directory, "install-graphile"), [peers._npm], peers._directory, cancellationToken));
        return peers;
    }

    /// <summary>Jobs per second of celery, sent and worked on; null without it.</summary>
    public async Task<double?> CeleryAsync(int jobs, CancellationToken cancellationToken)
    {
        if (!_hasCelery)
            return null;
        var vhost = $"celery{Guid.CreateVersion7():N}";
        await _rabbitMq.CreateVhostAsync(vhost, cancellationToken);
        return Rate(await Script.RunAsync("/usr/bin/python3", [Path.Combine(_directory, "celery_bench.py"), $"{jobs}"], _directory, cancellationToken, ("BROKER", _rabbitMq.AmqpUri(vhost).AbsoluteUri)));
    }

    /// <summary>Jobs per second of graphile-worker, added and worked on; null without it.</summary>
    public async Task<double?> GraphileAsync(int jobs, CancellationToken cancellationToken)
    {
        if (!_hasGraphile)
            return null;
        var name = $"graphile{Guid.CreateVersion7():N}";
        await _postgres.CreateDatabaseAsync(name, cancellationToken);
        return Rate(await Script.RunAsync("node", [Path.Combine(_directory, "graphile_bench.js"), _npm, $"{jobs}"], _npm, cancellationToken, ("DATABASE_URL", _postgres.Uri(name))));
    }

    private static double Rate(string output)
    {
        Report.Say(output.Trim());
        return double.Parse(output.Trim().Split(' ')[^1], CultureInfo.InvariantCulture);
    }

    private static async Task<bool> TryAsync(string name, Func<Task> install)
    {
        try
        {
            await install();
            return true;
        }
        catch (MeasurementException exception)
        {
            Report.Say($"{name} is left out: {exception.Message.Trim().Split('\n')[^1]}");
            return false;
        }
    }
}
