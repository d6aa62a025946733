using MassTransit;
using MassTransit.Saga;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Tests.Infrastructure;
using RabbitMQ.Client;

namespace Orchestrator.Tests.Sagas;

/// <summary>The situations that a storage of sagas has to master, on a real broker and with real concurrency.</summary>
public abstract class SagaStorageConformance(SagaStand stand) : IAsyncLifetime
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(500);

    protected Place Place => stand.Place;

    protected SagaHost Host => stand.Host;

    /// <summary>Makes the storage under test that of the order saga.</summary>
    protected abstract void Use(ISagaRegistrationConfigurator<Order> saga);

    public async ValueTask InitializeAsync() => await stand.StartAsync(Use);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Should_begin_a_saga_with_its_first_message_and_keep_every_kind_of_value()
    {
        var id = Guid.CreateVersion7();
        var values = new Order
        {
            Note = "häßlich \"quoted\" \\ 🚀\nsecond line",
            At = new DateTimeOffset(2026, 2, 28, 23, 59, 59, 123, TimeSpan.Zero),
            Amount = 12345678901234.5678m,
            Large = long.MaxValue,
            Day = DayOfWeek.Friday,
            Lines = ["", "two", new string('x', 10_000)],
            Bytes = [0, 1, 255],
        };

        await PublishAsync(new Begin(id) { Number = "full", Values = values });
        await UntilStepsAsync(id, 1);

        var order = await LoadAsync(id);
        Assert.Equal(("Open", "full", values.Note, values.At), (order.State, order.Number, order.Note, order.At));
        Assert.Equal((values.Amount, values.Large, values.Day), (order.Amount, order.Large, order.Day));
        Assert.Equal(values.Lines, order.Lines);
        Assert.Equal(values.Bytes, order.Bytes);
    }

    [Fact]
    public async Task Should_keep_nulls()
    {
        var id = await BeginAsync();

        Assert.True(await Place.ScalarAsync<bool>("SELECT num_nulls(number, note, at, bytes) = 4 FROM test_order WHERE correlation_id = $1", id));
    }

    [Fact]
    public async Task Should_load_and_change_a_saga()
    {
        var id = await BeginAsync();

        await PublishAsync(new Step(id));
        await PublishAsync(new Step(id));

        await UntilStepsAsync(id, 3);
    }

    [Fact]
    public async Task Should_begin_one_saga_when_many_first_messages_come_at_once()
    {
        var id = Guid.CreateVersion7();

        await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => PublishAsync(new Begin(id))));

        await UntilStepsAsync(id, 30);
    }

    [Fact]
    public async Task Should_begin_one_saga_when_many_first_messages_insert_it_at_once()
    {
        var id = Guid.CreateVersion7();

        await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => PublishAsync(new Found(id))));

        await UntilStepsAsync(id, 30);
        Assert.Equal(0L, await Place.ScalarAsync<long>("SELECT count(*) FROM dead_letter"));
    }

    [Fact]
    public async Task Should_begin_one_saga_when_many_first_messages_share_an_expression()
    {
        await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => PublishAsync(new StepOfNumber("shared"))));

        await Wait.UntilAsync(() => Place.ScalarAsync<bool>("SELECT count(*) = 1 AND sum(steps) = 30 FROM test_order WHERE number = 'shared'"), "30 steps");
        Assert.Equal(0L, await Place.ScalarAsync<long>("SELECT count(*) FROM dead_letter"));
    }

    [Fact]
    public async Task Should_lose_no_change_when_many_messages_meet_in_one_saga()
    {
        var id = await BeginAsync();

        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => PublishAsync(new Step(id))));

        await UntilStepsAsync(id, 201);
        await Wait.UntilAsync(() => Task.FromResult(Host.Heard.Of<Stepped>(id).Count == 200), "200 events");
        Assert.Equal(Enumerable.Range(2, 200), Host.Heard.Of<Stepped>(id).Select(stepped => stepped.Steps).Order());
    }

    [Fact]
    public async Task Should_lose_no_change_when_two_processes_share_the_queue()
    {
        await using var second = await SagaHost.StartAsync(Place, Use);
        Guid[] ids = [Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7()];

        await Task.WhenAll(Enumerable.Range(0, 150).Select(i => PublishAsync(new Begin(ids[i % 3]))));

        foreach (var id in ids)
            await UntilStepsAsync(id, 50);
    }

    [Fact]
    public async Task Should_do_nothing_for_a_repeated_message()
    {
        var id = await BeginAsync();
        var message = Guid.CreateVersion7();

        for (var i = 0; i < 5; i++)
            await PublishAsync(new Step(id), message);
        await PublishAsync(new Step(id));

        await UntilStepsAsync(id, 3);
        await Task.Delay(Quiet, TestContext.Current.CancellationToken);
        Assert.Equal(3, await StepsAsync(id));
        await Wait.UntilAsync(() => Task.FromResult(Host.Heard.Of<Stepped>(id).Count >= 2), "two events");
        Assert.Equal(2, Host.Heard.Of<Stepped>(id).Count);
    }

    [Fact]
    public async Task Should_not_begin_a_forgotten_saga_again_for_a_repeat_of_its_first_message()
    {
        var id = Guid.CreateVersion7();
        var first = Guid.CreateVersion7();
        await PublishAsync(new Begin(id), first);
        await UntilStepsAsync(id, 1);
        await PublishAsync(new End(id));
        await UntilGoneAsync(id);

        await PublishAsync(new Begin(id), first);

        await Task.Delay(Quiet, TestContext.Current.CancellationToken);
        Assert.Equal(-1, await StepsAsync(id));
    }

    [Fact]
    public async Task Should_find_by_expression_what_matches_and_nothing_else()
    {
        Guid[] red = [await BeginAsync("red"), await BeginAsync("red")];
        var blue = await BeginAsync("blue");

        await PublishAsync(new StepOfNote("red"));
        await PublishAsync(new StepOfNote("nobody's"));

        foreach (var id in red)
            await UntilStepsAsync(id, 2);
        await Task.Delay(Quiet, TestContext.Current.CancellationToken);
        Assert.Equal(1, await StepsAsync(blue));
        Assert.Equal(3L, await Place.ScalarAsync<long>("SELECT count(*) FROM test_order"));
        Assert.Equal(0L, await Place.ScalarAsync<long>("SELECT count(*) FROM dead_letter"));
    }

    [Fact]
    public async Task Should_not_let_messages_to_many_sagas_wait_for_each_other()
    {
        var ids = new List<Guid>();
        for (var i = 0; i < 10; i++)
            ids.Add(await BeginAsync("herd"));

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => PublishAsync(new StepOfNote("herd"))));
        await Task.WhenAll(ids.Select(id => PublishAsync(new Step(id))));

        foreach (var id in ids)
            await UntilStepsAsync(id, 22);
        // One that the database had to break is tried again, and costs a second.
        await Task.Delay(Quiet, TestContext.Current.CancellationToken);
        Assert.Equal(0L, await Place.ScalarAsync<long>("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"));
    }

    [Fact]
    public async Task Should_forget_a_completed_saga_and_send_what_it_sent_last()
    {
        var id = await BeginAsync();

        await PublishAsync(new End(id));

        await UntilGoneAsync(id);
        await Wait.UntilAsync(() => Task.FromResult(Host.Heard.Of<Archive>(id).Count == 1), "archived");
        await PublishAsync(new End(id));
        await Task.Delay(Quiet, TestContext.Current.CancellationToken);
        Assert.Equal(0L, await Place.ScalarAsync<long>("SELECT count(*) FROM dead_letter"));
    }

    [Fact]
    public async Task Should_keep_what_a_saga_sends_until_there_is_a_queue_for_it()
    {
        var id = await BeginAsync();
        var queue = $"later-{id}";

        await PublishAsync(new Ship(id, queue));
        await UntilStepsAsync(id, 2);
        await Wait.UntilAsync(() => Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM outbox WHERE exchange = $1)", queue), "kept");
        await Task.Delay(Quiet, TestContext.Current.CancellationToken);

        await using var broker = await new ConnectionFactory { Uri = Place.Amqp }.CreateConnectionAsync(TestContext.Current.CancellationToken);
        await using var channel = await broker.CreateChannelAsync(cancellationToken: TestContext.Current.CancellationToken);
        await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, cancellationToken: TestContext.Current.CancellationToken);
        await channel.ExchangeDeclareAsync(queue, "fanout", durable: true, cancellationToken: TestContext.Current.CancellationToken);
        await channel.QueueBindAsync(queue, queue, "", cancellationToken: TestContext.Current.CancellationToken);
        await Wait.UntilAsync(async () => (await channel.QueueDeclarePassiveAsync(queue, TestContext.Current.CancellationToken)).MessageCount == 1, "sent");
    }

    [Fact]
    public async Task Should_undo_all_when_a_handler_fails_and_do_all_when_it_is_tried_again()
    {
        var id = await BeginAsync();

        await PublishAsync(new Step(id, Troubles.Once));

        await UntilStepsAsync(id, 2);
        await Task.Delay(Quiet, TestContext.Current.CancellationToken);
        Assert.Equal(2, await StepsAsync(id));
        Assert.Equal(2, Assert.Single(Host.Heard.Of<Stepped>(id)).Steps);
    }

    [Fact]
    public async Task Should_make_a_dead_letter_and_leave_the_saga_alone_when_a_handler_always_fails()
    {
        var id = await BeginAsync();

        await PublishAsync(new Step(id, Troubles.Always));

        await Wait.UntilAsync(() => Place.ScalarAsync<bool>("SELECT count(*) = 1 AND bool_and(reason LIKE '%a fault that stays%') FROM dead_letter"), "a dead letter");
        Assert.Equal(1, await StepsAsync(id));
        Assert.Empty(Host.Heard.Of<Stepped>(id));
    }

    [Fact]
    public async Task Should_try_again_when_somebody_else_wrote_the_row_meanwhile()
    {
        var id = await BeginAsync();

        await PublishAsync(new Step(id, Troubles.Outsider));

        await UntilStepsAsync(id, 102);
        await Wait.UntilAsync(() => Task.FromResult(Host.Heard.Of<Stepped>(id).Count == 1), "one event");
        await Task.Delay(Quiet, TestContext.Current.CancellationToken);
        Assert.Equal(102, Assert.Single(Host.Heard.Of<Stepped>(id)).Steps);
    }

    [Fact]
    public async Task Should_not_let_one_saga_wait_for_another()
    {
        var (slow, other) = (await BeginAsync(), await BeginAsync());
        await PublishAsync(new Step(slow, Troubles.Held));
        await Host.Troubles.Holding.WaitAsync(TestContext.Current.CancellationToken);

        await PublishAsync(new Step(other));
        await UntilStepsAsync(other, 2);

        Assert.Equal(1, await StepsAsync(slow));
        Host.Troubles.LetGo.Release();
        await UntilStepsAsync(slow, 2);
    }

    [Fact]
    public async Task Should_make_a_dead_letter_of_a_message_to_a_saga_that_is_not_there()
    {
        await PublishAsync(new Step(Guid.CreateVersion7()));

        await Wait.UntilAsync(() => Place.ScalarAsync<bool>("SELECT count(*) = 1 FROM dead_letter"), "a dead letter");
        Assert.Equal(0L, await Place.ScalarAsync<long>("SELECT count(*) FROM test_order"));
    }

    [Fact]
    public async Task Should_answer_with_what_was_committed()
    {
        var id = await BeginAsync();
        using var scope = Host.Services.CreateScope();
        var client = scope.ServiceProvider.GetRequiredService<IRequestClient<Ask>>();

        var answer = await client.GetResponse<Answered>(new Ask(id), TestContext.Current.CancellationToken);

        Assert.Equal(2, answer.Message.Steps);
        Assert.Equal(2, await StepsAsync(id));
    }

    [Fact]
    public async Task Should_read_sagas_by_expression_outside_a_message()
    {
        var id = await BeginAsync("wanted");
        await BeginAsync("unwanted");

        using var scope = Host.Services.CreateScope();
        var sagas = scope.ServiceProvider.GetRequiredService<IQuerySagaRepositoryContextFactory<Order>>();
        var found = await sagas.Execute(context => context.Query(new SagaQuery<Order>(order => order.Note == "wanted")), TestContext.Current.CancellationToken);

        Assert.Equal([id], found);
    }

    [Fact]
    public async Task Should_time_out_once_with_a_timer_that_commits_with_the_saga()
    {
        var id = await BeginAsync();

        await PublishAsync(new Arm(id, TimeSpan.FromMilliseconds(300)));

        await UntilStepsAsync(id, 1001);
        await Task.Delay(Quiet, TestContext.Current.CancellationToken);
        Assert.Equal(1001, await StepsAsync(id));
        Assert.True(await Place.ScalarAsync<bool>("SELECT timeout_token IS NULL FROM test_order WHERE correlation_id = $1", id));
    }

    [Fact]
    public async Task Should_not_time_out_when_the_timeout_is_taken_back_or_the_saga_has_ended()
    {
        var (disarmed, ended) = (await BeginAsync(), await BeginAsync());
        foreach (var id in (Guid[])[disarmed, ended])
        {
            await PublishAsync(new Arm(id, TimeSpan.FromHours(1)));
            await Wait.UntilAsync(() => Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM timer JOIN test_order ON token = timeout_token WHERE correlation_id = $1)", id), "armed");
        }

        await PublishAsync(new Disarm(disarmed));
        await PublishAsync(new End(ended));

        await Wait.UntilAsync(() => Place.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM timer)"), "no timers");
    }

    [Fact]
    public async Task Should_keep_only_the_last_timeout_and_ignore_one_that_is_no_longer_its_own()
    {
        var id = await BeginAsync();
        await PublishAsync(new Arm(id, TimeSpan.FromHours(1)));
        await Wait.UntilAsync(() => Place.ScalarAsync<bool>("SELECT count(*) = 1 FROM timer"), "armed");
        var old = await Place.ScalarAsync<Guid>("SELECT token FROM timer");
        await PublishAsync(new Arm(id, TimeSpan.FromHours(2)));
        await Wait.UntilAsync(() => Place.ScalarAsync<bool>("SELECT count(*) = 1 AND bool_and(token <> $1) FROM timer", old), "armed again");

        // As if it had fired just before it was taken back.
        await Host.Bus.Publish(new TimedOut(id), context => context.Headers.Set(Envelope.SchedulingToken, old.ToString()), TestContext.Current.CancellationToken);
        await PublishAsync(new Step(id));
        await UntilStepsAsync(id, 2);
        await Place.ExecuteAsync("UPDATE timer SET due_at = now()");

        await UntilStepsAsync(id, 1002);
    }

    [Fact]
    public async Task Should_set_no_timeout_when_the_handler_fails()
    {
        var id = await BeginAsync();

        await PublishAsync(new Arm(id, TimeSpan.FromHours(1), Troubles.Always));

        await Wait.UntilAsync(() => Place.ScalarAsync<bool>("SELECT count(*) = 1 FROM dead_letter"), "a dead letter");
        Assert.Equal(0L, await Place.ScalarAsync<long>("SELECT count(*) FROM timer"));
    }

    [Fact]
    public async Task Should_begin_again_with_the_key_of_a_saga_that_has_ended()
    {
        await PublishAsync(new StepOfNumber("again"));
        var first = await Wait.ForAsync(() => Place.ScalarAsync<Guid>("SELECT correlation_id FROM test_order WHERE number = 'again'"), id => id != Guid.Empty, "begun");
        await PublishAsync(new End(first));
        await UntilGoneAsync(first);

        await PublishAsync(new StepOfNumber("again"));

        var second = await Wait.ForAsync(() => Place.ScalarAsync<Guid>("SELECT correlation_id FROM test_order WHERE number = 'again'"), id => id != Guid.Empty, "begun again");
        Assert.NotEqual(first, second);
    }

    [Fact]
    public async Task Should_refuse_a_second_saga_with_a_key_that_is_taken()
    {
        await PublishAsync(new Begin(Guid.CreateVersion7()) { Number = "taken" });
        await Wait.UntilAsync(() => Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM test_order WHERE number = 'taken')"), "begun");

        await PublishAsync(new Begin(Guid.CreateVersion7()) { Number = "taken" });

        await Wait.UntilAsync(
            () => Place.ScalarAsync<bool>("SELECT count(*) = 1 AND bool_and(reason LIKE 'SAGA_KEY_TAKEN:%(test_order_number_key)%') FROM dead_letter"), "a dead letter");
        Assert.Equal(1L, await Place.ScalarAsync<long>("SELECT count(*) FROM test_order"));
    }

    [Fact]
    public async Task Should_correlate_by_characters_that_are_special()
    {
        const string number = "'; DROP TABLE test_order; -- % _ \\ ß \U0001F680 \" \t";
        var similar = number.Replace('%', 'x').Replace('_', 'y');
        await PublishAsync(new StepOfNumber(similar));
        await Wait.UntilAsync(() => Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM test_order WHERE number = $1)", similar), "begun");

        await PublishAsync(new StepOfNumber(number));
        await PublishAsync(new StepOfNumber(number));

        await Wait.UntilAsync(() => Place.ScalarAsync<bool>("SELECT count(*) = 1 AND sum(steps) = 2 FROM test_order WHERE number = $1", number), "two steps");
        Assert.Equal(1, await Place.ScalarAsync<int>("SELECT steps FROM test_order WHERE number = $1", similar));
    }

    [Fact]
    public async Task Should_end_once_when_an_end_and_many_steps_meet()
    {
        var id = await BeginAsync();

        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => i == 10 ? PublishAsync(new End(id)) : PublishAsync(new Step(id))));

        await UntilGoneAsync(id);
        await Wait.UntilAsync(() => Task.FromResult(Host.Heard.Of<Archive>(id).Count == 1), "archived");
        var after = await Wait.ForAsync(
            async () => Host.Heard.Of<Stepped>(id).Count + await Place.ScalarAsync<long>("SELECT count(*) FROM dead_letter"), sum => sum >= 19, "all steps settled");
        Assert.Equal(19L, after);
    }

    [Fact]
    public async Task Should_take_effect_once_when_the_database_ends_the_session_in_the_middle()
    {
        var id = await BeginAsync();

        await PublishAsync(new Step(id, Troubles.Severed));

        await UntilStepsAsync(id, 2);
        await Wait.UntilAsync(() => Task.FromResult(Host.Heard.Of<Stepped>(id).Count > 0), "the event heard");
        await Task.Delay(Quiet, TestContext.Current.CancellationToken);
        Assert.Equal(2, await StepsAsync(id));
        Assert.Single(Host.Heard.Of<Stepped>(id));
    }

    protected Task PublishAsync<T>(T message, Guid? messageId = null)
        where T : class =>
        Host.Bus.Publish(message, context => context.MessageId = messageId ?? Guid.CreateVersion7(), TestContext.Current.CancellationToken);

    protected async Task<int> StepsAsync(Guid id) =>
        await Place.ScalarAsync<int>("SELECT coalesce((SELECT steps FROM test_order WHERE correlation_id = $1), -1)", id);

    protected async Task<Guid> BeginAsync(string? note = null)
    {
        var id = Guid.CreateVersion7();
        await PublishAsync(new Begin(id) { Values = new Order { Note = note } });
        await UntilStepsAsync(id, 1);
        return id;
    }

    private async Task UntilStepsAsync(Guid id, int steps)
    {
        try
        {
            await Wait.UntilAsync(async () => await StepsAsync(id) == steps, $"{steps} steps");
        }
        catch (TimeoutException exception)
        {
            throw new TimeoutException($"{exception.Message} {await StepsAsync(id)} steps", exception);
        }
    }

    private async Task<Order> LoadAsync(Guid id)
    {
        using var scope = Host.Services.CreateScope();
        var sagas = scope.ServiceProvider.GetRequiredService<ILoadSagaRepositoryContextFactory<Order>>();
        return await sagas.Execute(context => context.Load(id), TestContext.Current.CancellationToken);
    }

    private Task UntilGoneAsync(Guid id) => Wait.UntilAsync(async () => await StepsAsync(id) == -1, "gone");
}
