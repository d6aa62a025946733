using Orchestrator.Api.Http;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Actions;

/// <summary>Waits until a deployment has finished.</summary>
public sealed class DeploymentWait(
    DeploymentReader deployments, Timelines timelines, TimelineFeed feed, IHostApplicationLifetime lifetime, TimeProvider time)
{
    /// <summary>
    /// The answer itself, or with <c>Prefer: wait</c> the deployment as it is when it has finished or the time is up.
    /// </summary>
    public async Task<IResult> AnswerAsync(HttpContext http, IResult answer)
    {
        // Of a repeated request too, it is the location that says which deployment.
        if (answer is not Answer { IsRefusal: false } accepted || Prefer.Wait(http.Request) is not { } patience
            || !accepted.Headers.TryGetValue("Location", out var location)
            || await UntilFinishedAsync(Guid.Parse(location.AsSpan(location.LastIndexOf('/') + 1)), patience, http.RequestAborted) is not { } deployment)
            return answer;
        Prefer.Applied(http.Response, patience);
        http.Response.Headers.Location = location;
        var body = DeploymentBody.Of(deployment);
        return Results.Json(body, JsonFormat.Options, statusCode: deployment.Status is DeploymentStatus.Finished ? 200 : 202);
    }

    /// <summary>The deployment as it is when it has finished, or when the time is up or the process stops; null when there is none.</summary>
    public async Task<Deployment?> UntilFinishedAsync(Guid id, TimeSpan patience, CancellationToken cancellationToken)
    {
        var key = id.ToString();
        // First the place in the timeline, then the deployment: what happens in between is seen twice rather than never.
        var from = new TimelinePosition(DeploymentEngine.Kind, key, await timelines.LastIdAsync(DeploymentEngine.Kind, key, cancellationToken));
        var deployment = await deployments.ReadAsync(id, cancellationToken);
        if (deployment is null or { Status: DeploymentStatus.Finished })
            return deployment;
        using var deadline = new CancellationTokenSource(patience, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token, lifetime.ApplicationStopping);
        using var subscription = feed.Follow(from);
        try
        {
            while (deployment is { Status: not DeploymentStatus.Finished })
            {
                await subscription.NextAsync(ending.Token);
                deployment = await deployments.ReadAsync(id, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            deployment = await deployments.ReadAsync(id, cancellationToken);
        }

        return deployment;
    }
}
