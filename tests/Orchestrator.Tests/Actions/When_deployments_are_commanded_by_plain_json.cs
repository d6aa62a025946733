using Orchestrator.Sagas.Actions;
using Orchestrator.Tests.Infrastructure;
using Orchestrator.Tests.Messaging;

namespace Orchestrator.Tests.Actions;

/// <summary>Every command by the bus, from a client that knows nothing but JSON.</summary>
[Collection(nameof(ActionsApi))]
public sealed class When_deployments_are_commanded_by_plain_json(ActionsApi api)
{
    [Fact]
    public async Task Should_do_as_over_http()
    {
        await using var ledger = await Ledger.StartAsync();
        await using var events = await EventQueue.BindAsync(api.Place, "orchestrator.actions.deployment-refused", "orchestrator.actions.deployment-finished");
        ledger.Hold("run two");
        var id = Guid.CreateVersion7();
        await SendAsync("execute-action", $$"""{"deploymentId":"{{id}}","action":"six","groupId":"bus","input":{"ledger":"{{ledger.Address}}"} }""");
        await ledger.UntilToldAsync(id, "run two");

        await SendAsync("suspend-deployment", $$"""{"deploymentId":"{{id}}"}""");
        await UntilAsync(id, "state = 'Suspended'");
        await SendAsync("resume-deployment", $$"""{"deploymentId":"{{id}}"}""");
        await UntilAsync(id, "state = 'Running'");
        ledger.Refuse("undo one");
        await SendAsync("stop-deployment", $$"""{"deploymentId":"{{id}}"}""");
        await UntilAsync(id, "outcome = 'RollbackFailed'");
        await SendAsync("retry-rollback", $$"""{"deploymentId":"{{id}}"}""");
        await Wait.UntilAsync(async () => await api.Place.ScalarAsync<long>("SELECT count(*) FROM action_deployments_errors WHERE deployment_id = $1", id) == 3, "failed again");
        await UntilAsync(id, "outcome = 'RollbackFailed'");
        await SendAsync("skip-rollback", $$"""{"deploymentId":"{{id}}"}""");
        await UntilAsync(id, "outcome = 'Stopped'");
        ledger.Release("run two");
        await SendAsync("redrive-deployment", $$"""{"deploymentId":"{{id}}"}""");
        await UntilAsync(id, "outcome = 'Succeeded'");
        await events.FirstAsync("orchestrator.actions.deployment-finished", e => e.GetProperty("outcome").GetString() is DeploymentOutcome.Succeeded);

        await SendAsync("stop-deployment", $$"""{"deploymentId":"{{id}}"}""");
        var refused = await events.FirstAsync("orchestrator.actions.deployment-refused", e => e.GetProperty("deploymentId").GetGuid() == id);
        Assert.Equal("ILLEGAL_TRANSITION", refused.Message.GetProperty("code").GetString());
        var unknown = Guid.CreateVersion7();
        await SendAsync("execute-action", $$"""{"deploymentId":"{{unknown}}","action":"no such","groupId":"bus"}""");
        refused = await events.FirstAsync("orchestrator.actions.deployment-refused", e => e.GetProperty("deploymentId").GetGuid() == unknown);
        Assert.Equal("ACTION_NOT_FOUND", refused.Message.GetProperty("code").GetString());
    }

    [Fact]
    public async Task Should_wait_for_the_deployment_that_a_command_overtook()
    {
        await using var ledger = await Ledger.StartAsync();
        ledger.Hold("run one");
        var id = Guid.CreateVersion7();
        await SendAsync("stop-deployment", $$"""{"deploymentId":"{{id}}"}""");
        await SendAsync("execute-action", $$"""{"deploymentId":"{{id}}","action":"six","groupId":"bus","input":{"ledger":"{{ledger.Address}}"} }""");

        await UntilAsync(id, "outcome = 'Stopped'");
    }

    private Task SendAsync(string command, string json) =>
        ForeignPublisher.PublishAsync(api.Place, ForeignMessage.Plain($"orchestrator.actions.{command}", json));

    private Task UntilAsync(Guid id, string condition) => Wait.UntilAsync(
        () => api.Place.ScalarAsync<bool>($"SELECT {condition} FROM action_deployments WHERE correlation_id = $1", id), condition);
}
