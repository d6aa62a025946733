using Orchestrator.Tests.Timers;

namespace Orchestrator.Tests.Outbox;

public sealed class When_a_transaction_publishes(TwoHosts hosts) : OutboxConformance(hosts), IClassFixture<TwoHosts>
{
    protected override Task CommitAsync(params IReadOnlyList<string> names) => Hosts.First.CommitAsync(transaction =>
    {
        foreach (var name in names)
            transaction.Publish(new Alarm { Name = name });
    });

    protected override async Task RollBackAsync(string name)
    {
        await using var transaction = await Hosts.First.Transactions.BeginAsync(TestContext.Current.CancellationToken);
        await transaction.ExecuteAsync("SELECT 1", TestContext.Current.CancellationToken);
        transaction.Publish(new Alarm { Name = name });
    }
}
