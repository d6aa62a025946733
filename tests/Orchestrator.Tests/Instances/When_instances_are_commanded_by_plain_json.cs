using System.Text.Json;
using Orchestrator.Tests.Infrastructure;
using Orchestrator.Tests.Messaging;

namespace Orchestrator.Tests.Instances;

/// <summary>Every command about instances, by a client that knows AMQP and JSON alone.</summary>
[Collection(nameof(SharedHost))]
public sealed class When_instances_are_commanded_by_plain_json(SharedHost shared)
{
    private const string Prefix = "orchestrator.instances.";

    private readonly Place _place = shared.Place;

    [Fact]
    public async Task Should_carry_each_command_out_and_tell_of_it()
    {
        await using var events = await EventQueue.BindAsync(
            _place, [.. ((string[])["provisioning", "running", "stopping", "stopped", "terminated", "deleted", "refused"]).Select(name => $"{Prefix}instance-{name}")]);
        var app = await AddAppAsync();
        var guid = Guid.CreateVersion7();
        var provision = Command("provision-instance", $$"""{"instanceId":"{{guid}}","appId":{{app}},"instanceType":"small"}""");
        // Twice, under two message ids: the guid is the key.
        await ForeignPublisher.PublishAsync(_place, provision, provision with { MessageId = $"again-{guid}" });
        await SeenAsync("instance-running");
        Assert.Equal(1L, await _place.ScalarAsync<long>("SELECT count(*) FROM instance WHERE app_id = $1", app));
        await Fleet.UntilExecutedAsync(guid);

        await ForeignPublisher.PublishAsync(_place, Command("update-instance", $$"""{"instance_id":"{{guid}}","instance_status":"stopped"}"""));
        await SeenAsync("instance-stopped");
        Assert.Empty(Fleet.ProcessesOf(guid));
        await ForeignPublisher.PublishAsync(_place, Command("update-instance", $$"""{"instanceId":"{{guid}}","status":"running"}"""));
        Assert.Equal(("ILLEGAL_TRANSITION", "stopped"), await RefusalAsync(guid));

        await ForeignPublisher.PublishAsync(_place, Command("delete-instance", $$"""{"instanceId":"{{guid}}"}"""));
        await events.FirstAsync($"{Prefix}instance-refused", e => e.GetProperty("code").GetString() is "NOT_TERMINATED" && e.GetProperty("instanceId").GetGuid() == guid);
        await ForeignPublisher.PublishAsync(_place, Command("terminate-instance", $$"""{"instanceId":"{{guid}}","reason":"done with"}"""));
        Assert.Equal("done with", (await SeenAsync("instance-terminated")).GetProperty("reason").GetString());
        await ForeignPublisher.PublishAsync(_place, Command("delete-instance", $$"""{"instanceId":"{{guid}}"}"""));
        await SeenAsync("instance-deleted");
        Assert.Equal(0L, await _place.ScalarAsync<long>("SELECT count(*) FROM instance WHERE correlation_id = $1", guid));

        guid = Guid.CreateVersion7();
        await ForeignPublisher.PublishAsync(_place, Command("provision-instance", $$"""{"instanceId":"{{guid}}","appId":{{app}},"instanceType":"small"}"""));
        await SeenAsync("instance-running");
        await ForeignPublisher.PublishAsync(_place, Command("terminate-app-instances", $$"""{"appId":{{app}}}"""));
        await SeenAsync("instance-terminated");
        Assert.Empty(Fleet.ProcessesOf(guid));

        guid = Guid.CreateVersion7();
        await ForeignPublisher.PublishAsync(_place, Command("terminate-instance", $$"""{"instanceId":"{{guid}}"}"""));
        Assert.Equal("INSTANCE_NOT_FOUND", (await RefusalAsync(guid)).Code);

        async Task<JsonElement> SeenAsync(string name) => (await events.FirstAsync(Prefix + name, e => e.GetProperty("instanceId").GetGuid() == guid)).Message;

        async Task<(string? Code, string? Status)> RefusalAsync(Guid instance)
        {
            var refused = (await events.FirstAsync($"{Prefix}instance-refused", e => e.GetProperty("instanceId").GetGuid() == instance)).Message;
            return (refused.GetProperty("code").GetString(), refused.TryGetProperty("status", out var status) ? status.GetString() : null);
        }
    }

    [Fact]
    public async Task Should_drain_a_node()
    {
        await using var events = await EventQueue.BindAsync(_place, $"{Prefix}node-drained");
        var node = $"n{Guid.CreateVersion7():N}";
        await _place.ExecuteAsync(
            """
            INSERT INTO node (name, incarnation, state, machine, runtime, milli_cpus, memory_mib, disk_mib, lease_until)
            VALUES ($1, 1, 'active', 'elsewhere', 'process', 1, 1, 1, now() + interval '1 hour')
            """, node);
        await ForeignPublisher.PublishAsync(_place, Command("drain-node", $$"""{"node":"{{node}}","deadline":"00:01:00"}""") with { MessageId = $"drain-{node}" });
        await events.FirstAsync($"{Prefix}node-drained", e => e.GetProperty("node").GetString() == node);
        Assert.Equal("drained", await _place.ScalarAsync<string>("SELECT state FROM node WHERE name = $1", node));
    }

    [Fact]
    public async Task Should_refuse_bad_ones_by_dead_letter()
    {
        var id = Guid.CreateVersion7();
        (string Name, string Body, string Reason)[] bad =
        [
            ("provision-instance", """{"instanceId":"00000000-0000-0000-0000-000000000000","appId":1,"instanceType":"small"}""", "Instance Id"),
            ("provision-instance", $$"""{"instanceId":"{{id}}","appId":1,"instanceType":"huge"}""", "large, medium, small"),
            ("provision-instance", $$"""{"instanceId":"{{id}}","appId":"one","instanceType":"small"}""", "appId"),
            ("update-instance", $$"""{"instanceId":"{{id}}","status":"asleep"}""", "provisioning, running"),
            ("update-instance", $$"""{"instanceId":"{{id}}"}""", "at least one of status"),
            ("terminate-instance", $$"""{"instanceId":"{{id}}","reason":""}""", "Reason"),
            ("delete-instance", "{}", "instanceId"),
            ("terminate-app-instances", """{"appId":999999999}""", "APP_NOT_FOUND"),
            ("drain-node", """{"node":"nobody"}""", "NODE_NOT_FOUND"),
            ("drain-node", """{"node":"n","deadline":"-00:01:00"}""", "Deadline"),
        ];

        await ForeignPublisher.PublishAsync(_place, bad.Select((b, i) => Command(b.Name, b.Body) with { MessageId = $"bad-instance-{i}" }));

        await Wait.UntilAsync(() => _place.ScalarAsync<bool>("SELECT count(*) = $1 FROM dead_letter WHERE message_id LIKE 'bad-instance-%'", bad.Length), "in the dead letters");
        for (var i = 0; i < bad.Length; i++)
        {
            var reason = await _place.ScalarAsync<string>("SELECT reason FROM dead_letter WHERE message_id = $1 AND queue = $2", $"bad-instance-{i}", $"orchestrator-{bad[i].Name}");
            Assert.Contains(bad[i].Reason, reason, StringComparison.Ordinal);
        }
    }

    private async Task<long> AddAppAsync()
    {
        using var response = await SharedApi.SendAsync(
            shared.Client, "POST", "/api/v1/apps", $$"""{"name":"a{{Guid.CreateVersion7():N}}","command":["/bin/sleep","300"],"graceSeconds":2}""");
        return (await SharedApi.BodyAsync(response)).GetProperty("id").GetInt64();
    }

    private static ForeignMessage Command(string name, string json) => ForeignMessage.Plain(Prefix + name, json);
}
