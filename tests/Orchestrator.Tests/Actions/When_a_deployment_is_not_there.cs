using Orchestrator.Contracts.Actions;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Tests.Actions;

[Collection(nameof(SharedActions))]
public sealed class When_a_deployment_is_not_there(SharedActions shared)
{
    private static readonly Guid Nobodys = Guid.CreateVersion7();

    public static TheoryData<object, bool> Commands => new()
    {
        { new ResumeDeployment { DeploymentId = Nobodys }, true },
        { new RedriveDeployment { DeploymentId = Nobodys }, true },
        { new RetryRollback { DeploymentId = Nobodys }, true },
        { new SkipRollback { DeploymentId = Nobodys }, true },
        { new StopDeployment { DeploymentId = Nobodys }, false },
        { new SuspendDeployment { DeploymentId = Nobodys }, false },
        { new AttemptLost(1, IsHandedBack: false, Limit: 20), false },
    };

    [Theory]
    [MemberData(nameof(Commands), DisableDiscoveryEnumeration = true)]
    public async Task Should_be_named_when_it_is_told_to_go_on(object message, bool isToGoOn)
    {
        var engine = shared.Host.Services.GetRequiredService<DeploymentEngine>();
        await using var transaction = await shared.Host.Services.GetRequiredService<DurableTransactions>().BeginAsync(TestContext.Current.CancellationToken);
        Task<IReadOnlyList<DeploymentMove>> Apply() =>
            engine.ApplyAsync(transaction, [new DeploymentEvent(Nobodys, message)], TestContext.Current.CancellationToken);

        if (isToGoOn)
        {
            var error = await Assert.ThrowsAsync<RestoreWithoutDeploymentException>(Apply);
            Assert.Equal("cannot restore an execute input with no deployment", error.Message);
        }
        else
        {
            Assert.Equal(DeploymentMove.NotFound, Assert.Single(await Apply()));
        }
    }
}
