using System.Text.Json;
using Orchestrator.Tests.Infrastructure;
using Orchestrator.Tests.Messaging;

namespace Orchestrator.Tests.Actions.Declarative;

[Collection(nameof(DeclaredHost))]
public sealed class When_an_action_is_declared_by_bus(DeclaredHost host)
{
    private readonly string _name = DeclaredHost.NewName();

    [Fact]
    public async Task Should_be_registered_once_and_deleted()
    {
        var (first, second) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await ForeignPublisher.PublishAsync(host.Place, Registration(first, "0s"));
        await VersionAsync(1);
        await ForeignPublisher.PublishAsync(host.Place, Registration(second, "1ms"));
        await VersionAsync(2);

        // Late repeats, without a message id, bring nothing back.
        await ForeignPublisher.PublishAsync(host.Place, Registration(first, "0s"), Registration(second, "1ms"), Registration(Guid.CreateVersion7(), "2ms"));
        await VersionAsync(3);
        Assert.Equal(3L, await host.Place.ScalarAsync<long>("SELECT count(*) FROM declared_action_versions WHERE action = $1", _name));

        await ForeignPublisher.PublishAsync(host.Place, ForeignMessage.Plain("orchestrator.actions.delete-action", $$"""{"action":"{{_name}}"}"""));
        await Wait.UntilAsync(async () => (await host.AskAsync("GET", $"/api/v1/actions/{_name}")).Status == 404, "deleted");
    }

    [Fact]
    public async Task Should_be_a_dead_letter_when_the_definition_is_broken()
    {
        await ForeignPublisher.PublishAsync(host.Place, Registration(Guid.CreateVersion7(), "soon"));

        var reason = await Wait.ForAsync(
            () => host.Place.ScalarAsync<string?>("SELECT reason FROM dead_letter WHERE queue = 'orchestrator-register-action' AND convert_from(body, 'UTF8') LIKE '%' || $1 || '%'", _name),
            reason => reason is not null, "a dead letter");
        Assert.StartsWith("INVALID_DEFINITION: line 5, column 17: jobs[0].with.after", reason, StringComparison.Ordinal);
    }

    private Task VersionAsync(int version) => Wait.UntilAsync(
        async () => await host.AskAsync("GET", $"/api/v1/actions/{_name}") is (200, var action) && action.GetProperty("newest").GetProperty("version").GetInt32() == version,
        $"registered as version {version}");

    private ForeignMessage Registration(Guid id, string time) => ForeignMessage.Plain(
        "orchestrator.actions.register-action",
        JsonSerializer.Serialize(new { registrationId = id, definition = $"action: {_name}\njobs:\n- name: wait\n  uses: wait-until\n  with: {{after: {time}}}\n" }));
}
