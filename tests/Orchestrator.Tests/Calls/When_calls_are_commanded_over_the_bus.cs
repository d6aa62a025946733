using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Calls;

[Collection(nameof(SharedFunctions))]
public sealed class When_calls_are_commanded_over_the_bus(SharedFunctions functions)
{
    private const string Cancel = "orchestrator.calls.cancel-call";
    private const string Retry = "orchestrator.calls.retry-call";

    [Fact]
    public async Task Should_be_cancelled_wherever_they_are()
    {
        var fn = await functions.DeployAsync(new { max_concurrency = 1 });
        await using var publisher = await AmqpPublisher.ConnectAsync(functions.Place);
        var running = await fn.AcceptAsync("sleep 20000");
        await fn.UntilAsync(running, "running");
        foreach (var id in (string[])[await fn.AcceptAsync("x", ("Fn-Delay", "3600")), await fn.AcceptAsync("x"), running])
        {
            var command = $$"""{"fn_id":"{{fn.Id}}","call_id":"{{id}}"}""";
            await publisher.PublishAsync(Cancel, command, $"cancel-{id}");
            var call = await fn.UntilEndedAsync(id, TimeSpan.FromSeconds(15));
            Assert.Equal(("cancelled", "client_request"), (call.GetProperty("status").GetString(), call.GetProperty("reason").GetString()));
            // One that has ended stays as it is.
            await publisher.PublishAsync(Cancel, command, $"again-{id}");
        }

        await publisher.PublishAsync(Cancel, $$"""{"fn_id":"{{fn.Id}}","call_id":"none"}""", $"none-{fn.Id}");
        await UntilDeadAsync("orchestrator-cancel-call", "CALL_NOT_FOUND", fn.Id);
        // The place of what ran is free.
        Assert.Equal("success", (await fn.UntilEndedAsync(await fn.AcceptAsync("next"))).GetProperty("status").GetString());
        Assert.Equal(3L, await functions.Place.ScalarAsync<long>(
            "SELECT count(*) FROM resource_event e JOIN call c ON e.key = c.id WHERE e.kind = 'call' AND e.what = 'cancelled' AND c.fn_id = $1", fn.Id));
    }

    [Fact]
    public async Task Should_be_retried_once_for_one_message()
    {
        var fn = await functions.DeployAsync();
        await using var publisher = await AmqpPublisher.ConnectAsync(functions.Place);
        var old = await fn.AcceptAsync("again");
        await fn.UntilEndedAsync(old);
        var command = $$"""{"fn_id":"{{fn.Id}}","call_id":"{{old}}"}""";
        for (var i = 0; i < 3; i++)
            await publisher.PublishAsync(Retry, command, $"retry-{old}");
        var next = await Wait.ForAsync(
            () => functions.Place.ScalarAsync<string?>("SELECT retry_at FROM call WHERE id = $1", old), id => id is not null, "retried");
        var repeated = await fn.UntilEndedAsync(next!);
        Assert.Equal((old, "success", "again"), (
            repeated.GetProperty("retry_of").GetString(), repeated.GetProperty("status").GetString(), repeated.GetProperty("result").GetString()));

        const string chosen = "01CVTX7D8YNG8G00GZJ0000042";
        await publisher.PublishAsync(Retry, $$"""{"fn_id":"{{fn.Id}}","call_id":"{{old}}","new_call_id":"{{chosen}}"}""");
        Assert.Equal(old, (await fn.UntilEndedAsync(chosen)).GetProperty("retry_of").GetString());

        await publisher.PublishAsync(Retry, command);
        await UntilDeadAsync("orchestrator-retry-call", "MESSAGE_ID_MISSING", fn.Id);
        var waiting = await fn.AcceptAsync("x", ("Fn-Delay", "3600"));
        await publisher.PublishAsync(Retry, $$"""{"fn_id":"{{fn.Id}}","call_id":"{{waiting}}"}""", $"early-{old}");
        await UntilDeadAsync("orchestrator-retry-call", "CALL_NOT_RETRIED", fn.Id);
        Assert.Equal(2L, await functions.Place.ScalarAsync<long>("SELECT count(*) FROM call WHERE retry_of = $1", old));
    }

    private Task UntilDeadAsync(string queue, string reason, string fnId) => Wait.UntilAsync(
        () => functions.Place.ScalarAsync<bool>(
            "SELECT EXISTS (SELECT FROM dead_letter WHERE queue = $1 AND reason LIKE $2 AND position(convert_to($3, 'UTF8') IN body) > 0)", queue, $"{reason}%", fnId),
        $"dead: {reason}");
}
