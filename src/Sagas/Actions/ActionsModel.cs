using Microsoft.EntityFrameworkCore;
using Orchestrator.Sagas.Persistence.SagaStorage;

namespace Orchestrator.Sagas.Actions;

internal static class ActionsModel
{
    public static void MapActions(this ModelBuilder model) =>
        model.MapSaga<Deployment>("action_deployments").Ignore(deployment => deployment.Step);
}
