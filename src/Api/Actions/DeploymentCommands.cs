using System.Diagnostics;
using System.Text.Json;
using FluentValidation.Results;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Contracts.Actions;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Jobs;

namespace Orchestrator.Api.Actions;

/// <summary>Begins deployments and tells them what to do, as the bus commands do.</summary>
internal static class DeploymentCommands
{
    public static void MapDeploymentCommands(this RouteGroupBuilder deployments)
    {
        deployments.MapPost("", BeginAsync).WithName("BeginDeployment").Describe(ActionDocs.Begin);
        deployments.MapCommand("stop", "StopDeployment", ActionDocs.Stop, (id, _) => new StopDeployment { DeploymentId = id });
        deployments.MapCommand("suspend", "SuspendDeployment", ActionDocs.Suspend, (id, _) => new SuspendDeployment { DeploymentId = id });
        deployments.MapCommand("resume", "ResumeDeployment", ActionDocs.Resume, (id, _) => new ResumeDeployment { DeploymentId = id });
        deployments.MapCommand("redrive", "RedriveDeployment", ActionDocs.Redrive, (id, job) => new RedriveDeployment { DeploymentId = id, Job = job });
        deployments.MapCommand("rollback/retry", "RetryRollback", ActionDocs.RetryRollback, (id, _) => new RetryRollback { DeploymentId = id });
        deployments.MapCommand("rollback/skip", "SkipRollback", ActionDocs.SkipRollback, (id, job) => new SkipRollback { DeploymentId = id, Job = job });
    }

    private static void MapCommand(this RouteGroupBuilder deployments, string path, string name, Doc doc, Func<Guid, string?, object> command) =>
        deployments.MapPost($"/{{id}}/{path}", (string id, HttpContext http, DeploymentReader reader, DeploymentEngine engine, IdempotentWrites writes, DeploymentWait wait) =>
            CommandAsync(id, http, reader, engine, writes, wait, doc.Body is not null, command)).WithName(name).Describe(doc);

    private static async Task<IResult> BeginAsync(
        HttpContext http, CommandValidation validation, ActionCatalogue catalogue, ActionRegistry registry, DeploymentEngine engine,
        IdempotentWrites writes, DeploymentWait wait)
    {
        var body = await RequestBody.ReadJsonAsync<DeploymentRequest>(http);
        var command = new ExecuteAction
        {
            DeploymentId = body.Id ?? Guid.CreateVersion7(),
            Application = string.IsNullOrEmpty(body.Application) ? null : body.Application,
            Action = body.Action ?? "",
            GroupId = body.GroupId ?? "",
            Input = body.Input is { ValueKind: not JsonValueKind.Undefined } ? body.Input : null,
        };
        Demand(validation.Check(command));
        if (await FindAsync(catalogue, command, http.RequestAborted) is not { } list)
            return ActionErrors.ActionNotFound.Because($"{new ActionNotFoundException(command.Application, command.Action).Message}.");
        if (ActionInputs.Problem(registry, list, command.Input) is { } problem)
            throw FieldErrors.One("input", problem);
        var begin = new DeploymentEvent(command.DeploymentId, command)
        {
            Actor = http.Actor(),
            Jobs = list,
            Trace = Activity.Current?.Context ?? default,
        };
        var answer = await writes.RunAsync(http, async transaction =>
        {
            var move = (await engine.ApplyAsync(transaction, [begin], http.RequestAborted))[0];
            var deployment = move.Deployment!;
            // The ignored repeat of a begun one shows by what it leads to: nothing.
            return deployment.Step.Begun is null || deployment.Attempt != 1
                ? Answer.Refused(ActionErrors.DeploymentExists.Because($"There is a deployment {command.DeploymentId} already."))
                : Accepted(deployment);
        });
        return await wait.AnswerAsync(http, answer);
    }

    private static async Task<JobList?> FindAsync(ActionCatalogue catalogue, ExecuteAction command, CancellationToken cancellationToken)
    {
        try
        {
            return await catalogue.FindAsync(command.Application, command.Action, cancellationToken);
        }
        catch (ActionNotFoundException)
        {
            return null;
        }
    }

    private static async Task<IResult> CommandAsync(
        string id, HttpContext http, DeploymentReader reader, DeploymentEngine engine, IdempotentWrites writes, DeploymentWait wait, bool hasBody,
        Func<Guid, string?, object> command)
    {
        if (!Guid.TryParse(id, out var deploymentId) || !await reader.ExistsAsync(deploymentId, http.RequestAborted))
            return ActionErrors.NoDeployment(id);
        var job = hasBody ? (await RequestBody.ReadOptionalJsonAsync<JobRequest>(http))?.Job : null;
        var item = new DeploymentEvent(deploymentId, command(deploymentId, job)) { Actor = http.Actor() };
        var answer = await writes.RunAsync(http, async transaction =>
        {
            try
            {
                var move = (await engine.ApplyAsync(transaction, [item], http.RequestAborted))[0];
                return move switch
                {
                    { Deployment: null } => Answer.Refused(ActionErrors.NoDeployment(id)),
                    { Refusal: { } refusal } => Answer.Refused(ActionErrors.IllegalTransition.Because(refusal)),
                    { Deployment: { } deployment } => Accepted(deployment),
                };
            }
            catch (RestoreWithoutDeploymentException)
            {
                // It was removed since it was looked for.
                return Answer.Refused(ActionErrors.NoDeployment(id));
            }
        });
        return await wait.AnswerAsync(http, answer);
    }

    private static Answer Accepted(Deployment deployment)
    {
        var created = Answer.Created($"/api/v1/deployments/{deployment.CorrelationId}", DeploymentBody.Of(deployment));
        return created with { Status = StatusCodes.Status202Accepted };
    }

    private static void Demand(IReadOnlyList<ValidationFailure> failures)
    {
        var errors = new FieldErrors();
        errors.Add(failures, JsonNamingPolicy.CamelCase);
        errors.Demand();
    }
}
