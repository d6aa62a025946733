using Orchestrator.Api.Http;

namespace Orchestrator.Api.Actions;

/// <summary>The errors of actions and deployments.</summary>
public static class ActionErrors
{
    public static readonly ErrorKind ActionNotFound = new(
        404, "ACTION_NOT_FOUND", "There is no such action", "List the actions with GET /api/v1/actions.");

    public static readonly ErrorKind DeploymentNotFound = new(
        404, "DEPLOYMENT_NOT_FOUND", "There is no such deployment", "List the deployments with GET /api/v1/deployments.");

    public static readonly ErrorKind DeploymentExists = new(
        409, "DEPLOYMENT_EXISTS", "The id is taken", "Leave 'id' out, or read the deployment with GET /api/v1/deployments/{id}.");

    public static readonly ErrorKind IllegalTransition = new(
        409, "ILLEGAL_TRANSITION", "The deployment's state does not allow this", "Read the deployment with GET; 'detail' says what its state is and what is needed.");

    public static readonly ErrorKind InvalidDefinition = new(
        400, "INVALID_DEFINITION", "The definition is refused", "Correct what 'errors' names, with line and column; nothing was registered.");

    public static readonly ErrorKind ActionInCode = new(
        409, "ACTION_IN_CODE", "An action of that name comes with the code", "Use another name, or an application of your own.");

    public static Problem NoDeployment(string id) => DeploymentNotFound.Because($"There is no deployment {id}.");
}
