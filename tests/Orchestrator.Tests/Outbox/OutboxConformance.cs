using Npgsql;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Persistence.Outbox;
using Orchestrator.Tests.Infrastructure;
using Orchestrator.Tests.Timers;
using RabbitMQ.Client;

namespace Orchestrator.Tests.Outbox;

/// <summary>What must hold for messages that commit with state, however a transaction comes about, with two processes that publish.</summary>
public abstract class OutboxConformance(TwoHosts hosts)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(700);

    protected TwoHosts Hosts => hosts;

    protected Place Place => hosts.Place;

    /// <summary>Publishes an alarm of each name in one transaction of the first host, and commits.</summary>
    protected abstract Task CommitAsync(params IReadOnlyList<string> names);

    /// <summary>Publishes an alarm in a transaction that does not commit.</summary>
    protected abstract Task RollBackAsync(string name);

    [Fact]
    public async Task Should_publish_once_what_was_committed_and_forget_it()
    {
        var names = Names(200);

        await CommitAsync(names);

        await UntilRungAsync(names);
        await UntilEmptyAsync();
        Assert.Equal(names.Order(StringComparer.Ordinal), RungOf(names).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Should_publish_nothing_of_what_was_rolled_back()
    {
        var name = NewName();
        await RollBackAsync(name);

        var after = NewName();
        await CommitAsync(after);

        await UntilRungAsync(after);
        await Task.Delay(Quiet, TestContext.Current.CancellationToken);
        Assert.Empty(RungOf(name));
    }

    [Theory]
    [InlineData("\" \\ ' \t \r\n \u0001 \u2028 ß 漢 🚀 \u0000")]
    [InlineData("big")]
    public async Task Should_keep_any_text_of_any_size(string text)
    {
        var name = $"{NewName()}{(text == "big" ? new string('x', 3_000_000) : text)}";

        await CommitAsync(name);

        await UntilRungAsync(name);
    }

    [Fact]
    public async Task Should_publish_what_a_dead_process_left()
    {
        var names = Names(300);
        await LeaveAsync(names, owner: 1_000_001);

        await UntilRungAsync(names);
        await UntilEmptyAsync();

        // Two sweeps at once take each row once.
        Assert.Equal(300, RungOf(names).Count);
    }

    [Fact]
    public async Task Should_keep_the_order_of_what_one_transaction_publishes()
    {
        await using var alarms = await AlarmQueue.BindAsync(Place.Amqp);
        var transactions = Enumerable.Range(0, 5).Select(_ => Names(100)).ToList();

        await Task.WhenAll(transactions.Select(names => CommitAsync(names)));

        var came = await alarms.ReadAsync(transactions.SelectMany(names => names));
        foreach (var names in transactions)
            Assert.Equal(names, came.Where(names.ToHashSet(StringComparer.Ordinal).Contains));
    }

    [Fact]
    public async Task Should_keep_the_order_of_what_a_dead_process_left()
    {
        await using var alarms = await AlarmQueue.BindAsync(Place.Amqp);
        var names = Names(100);

        await LeaveAsync(names, owner: 1_000_003, isReversed: true);

        Assert.Equal(names, await alarms.ReadAsync(names));
    }

    [Fact]
    public async Task Should_leave_a_living_process_its_own_until_its_lease_ends()
    {
        await using var living = await Place.Source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using (var hold = new NpgsqlCommand($"SELECT pg_advisory_lock({AdvisoryLocks.OutboxOwner}, 1000002)", living))
            await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        var name = NewName();
        await LeaveAsync([name], owner: 1_000_002);
        await Task.Delay(TimeSpan.FromSeconds(2.5), TestContext.Current.CancellationToken);
        Assert.Empty(RungOf(name));

        await Place.ExecuteAsync("UPDATE outbox SET claimed_at = now() - interval '1 hour' WHERE owner = 1000002");

        await UntilRungAsync(name);
        await UntilEmptyAsync();
    }

    [Fact]
    public async Task Should_keep_a_command_that_nobody_takes_yet_and_let_others_pass()
    {
        var name = NewName();
        var queue = $"later-{name}";
        var command = Envelope.Command(new Alarm { Name = name }, DateTimeOffset.UnixEpoch) with { Exchange = queue };
        await hosts.First.CommitAsync(transaction => transaction.Publish(command));
        await hosts.First.CommitAsync(transaction => transaction.Publish(command with { Id = Guid.CreateVersion7(), Exchange = "", RoutingKey = queue }));

        var others = Names(50);
        await CommitAsync(others);
        await UntilRungAsync(others);
        await Wait.UntilAsync(() => Place.ScalarAsync<bool>("SELECT count(*) = 2 FROM outbox"), "only the commands left");

        await using var broker = await new ConnectionFactory { Uri = Place.Amqp }.CreateConnectionAsync(TestContext.Current.CancellationToken);
        await using var channel = await broker.CreateChannelAsync(cancellationToken: TestContext.Current.CancellationToken);
        await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, cancellationToken: TestContext.Current.CancellationToken);
        await channel.ExchangeDeclareAsync(queue, "fanout", durable: true, cancellationToken: TestContext.Current.CancellationToken);
        await channel.QueueBindAsync(queue, queue, "", cancellationToken: TestContext.Current.CancellationToken);

        await UntilEmptyAsync();
        Assert.Equal(2u, (await channel.QueueDeclarePassiveAsync(queue, TestContext.Current.CancellationToken)).MessageCount);
    }

    [Fact]
    public async Task Should_forget_an_event_that_has_nowhere_to_go()
    {
        var lost = Envelope.Event(new Alarm { Name = NewName() }, DateTimeOffset.UnixEpoch) with { Exchange = "nowhere" };

        await hosts.First.CommitAsync(transaction => transaction.Publish(lost));

        await UntilEmptyAsync();
    }

    [Fact]
    public async Task Should_publish_what_was_committed_when_the_database_ends_every_session()
    {
        var names = Names(100);
        await Task.WhenAll(names.Select(async (name, i) =>
        {
            await CommitAsync(name);
            // As likely as not a row is just being removed whose message is published.
            if (i % 20 == 10)
                await SeverAsync();
        }).Select(OrRolledBackAsync));

        // The sessions of the test ended too.
        Place.Source.Clear();
        // What is in the database counts: the answer to a commit may be lost.
        await UntilEmptyAsync();
        await Task.Delay(Quiet, TestContext.Current.CancellationToken);
        Assert.Equal(RungOf(names).Count, RungOf(names).Distinct(StringComparer.Ordinal).Count());
        await CommitAgainAsync();
    }

    protected static string NewName() => $"{Guid.CreateVersion7()}";

    protected Task UntilRungAsync(params IReadOnlyList<string> names) =>
        Wait.UntilAsync(() => Task.FromResult(RungOf(names).Distinct(StringComparer.Ordinal).Count() == names.Count), $"{names.Count} rung");

    protected IReadOnlyList<string> RungOf(params IReadOnlyList<string> names)
    {
        var wanted = names.ToHashSet(StringComparer.Ordinal);
        // As an inbox counts: each message id once.
        return [.. hosts.Rings.Where(ring => wanted.Contains(ring.Name)).DistinctBy(ring => ring.MessageId).Select(ring => ring.Name)];
    }

    private static string[] Names(int count) => [.. Enumerable.Range(0, count).Select(_ => NewName())];

    private static async Task OrRolledBackAsync(Task commit)
    {
        try
        {
            await commit;
        }
        catch (NpgsqlException)
        {
        }
    }

    private Task SeverAsync() => hosts.Postgres.ExecuteAsync(
        $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{new NpgsqlConnectionStringBuilder(Place.ConnectionString).Database}'");

    // Leaves no broken connection for the next test.
    private async Task CommitAgainAsync()
    {
        Place.Source.Clear();
        var name = NewName();
        await Wait.UntilAsync(
            async () =>
            {
                await OrRolledBackAsync(CommitAsync(name));
                return RungOf(name).Count > 0;
            },
            "committed again");
    }

    private Task UntilEmptyAsync() => Wait.UntilAsync(() => Place.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM outbox)"), "an empty outbox");

    // As a process leaves it that died between its commit and its publish.
    private async Task LeaveAsync(IReadOnlyList<string> names, int owner, bool isReversed = false)
    {
        await using var batch = Place.Source.CreateBatch();
        var messages = names.Select(name => Envelope.Command(new Alarm { Name = name }, DateTimeOffset.UnixEpoch)).ToList();
        // Rows lie in a table in any order.
        if (isReversed)
            messages.Reverse();
        batch.BatchCommands.Add(OutboxTable.Insert(owner, messages));
        await batch.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
