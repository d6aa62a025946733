using Orchestrator.Local.Servers;

namespace Orchestrator.Local.Run;

internal sealed class SupervisedPostgres : Supervised
{
    private readonly PrivatePostgres _postgres;

    public SupervisedPostgres(PrivatePostgres postgres)
        : base("Postgres", "PID_POSTGRES")
    {
        _postgres = postgres;
        postgres.Spawned = () => Spawned();
    }

    public override ChildProcess? Process => _postgres.Process;

    public override Task StartAsync(CancellationToken cancellationToken) => _postgres.StartAsync(cancellationToken);

    public override Task StopAsync() => _postgres.StopAsync();
}

internal sealed class SupervisedRabbitMq : Supervised
{
    private readonly PrivateRabbitMq _rabbitMq;

    public SupervisedRabbitMq(PrivateRabbitMq rabbitMq)
        : base("RabbitMQ", "PID_RABBITMQ")
    {
        _rabbitMq = rabbitMq;
        rabbitMq.Spawned = () => Spawned();
    }

    public override ChildProcess? Process => _rabbitMq.Process;

    public override Task StartAsync(CancellationToken cancellationToken) => _rabbitMq.StartAsync(cancellationToken);

    public override Task StopAsync() => _rabbitMq.StopAsync();
}
