using System.Globalization;
using Microsoft.Extensions.Options;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Instances;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Api.Instances;

/// <summary>What happens to an instance, and the leases by which one holder keeps others from writing.</summary>
public static class InstanceFollowEndpoints
{
    private const int DefaultSeconds = 60;

    public static IEndpointRouteBuilder MapInstanceFollowing(this IEndpointRouteBuilder endpoints)
    {
        var instance = endpoints.MapGroup("/api/v1/instances/{id}").WithTags("Instances").RequireScope(Scopes.Instances);
        instance.MapGet("/events", EventsAsync).WithName("GetInstanceEvents").Describe(InstanceDocs.Events);
        instance.MapGet("/lease", ReadLeaseAsync).WithName("GetInstanceLease").Describe(InstanceDocs.ReadLease);
        instance.MapPost("/lease", TakeLeaseAsync).WithName("TakeInstanceLease").Describe(InstanceDocs.TakeLease);
        instance.MapDelete("/lease", EndLeaseAsync).WithName("EndInstanceLease").Describe(InstanceDocs.EndLease);
        return endpoints;
    }

    private static async Task<IResult> EventsAsync(
        string id, HttpContext http, InstanceReader instances, Timelines timelines, TimelineFeed feed, IOptions<StreamOptions> options,
        IHostApplicationLifetime lifetime, CancellationToken cancellationToken)
    {
        if (PathIds.Of("id", id) is not { } number)
            return InstanceErrors.NoInstance(id);
        var key = number.ToString(CultureInfo.InvariantCulture);
        // A deleted instance has no row, but a timeline.
        if (await instances.ReadAsync(number, cancellationToken) is null && await timelines.LastIdAsync(InstanceSagas.Kind, key, cancellationToken) == 0)
            return InstanceErrors.NoInstance(id);
        if (EventStream.IsWanted(http.Request))
        {
            return new EventStream(
                new TimelinePosition(InstanceSagas.Kind, key, EventStream.LastEventId(http.Request)), feed, options.Value.Heartbeat, lifetime.ApplicationStopping, TimelineEntry.Of);
        }

        return Results.Ok(await TimelinePage.ReadAsync(http, timelines, InstanceSagas.Kind, key, cancellationToken));
    }

    private static async Task<IResult> ReadLeaseAsync(string id, InstanceReader instances, TimeProvider time, CancellationToken cancellationToken)
    {
        if (PathIds.Of("id", id) is not { } number || await instances.ReadAsync(number, cancellationToken) is not { } instance)
            return InstanceErrors.NoInstance(id);
        return instance is { LeaseOwner: { } owner, LeaseUntil: { } until } && until > time.GetUtcNow()
            ? Results.Ok(new LeaseBody { Owner = owner, Description = instance.LeaseDescription, ExpiresAt = until })
            : NoLease.Because($"Nobody holds a lease of instance {id}.");
    }

    private static async Task<IResult> TakeLeaseAsync(
        string id, HttpContext http, InstanceReader instances, InstanceLeases leases, IdempotentWrites writes, CancellationToken cancellationToken)
    {
        if (PathIds.Of("id", id) is not { } number || await instances.ReadAsync(number, cancellationToken) is null)
            return InstanceErrors.NoInstance(id);
        var body = await RequestBody.ReadOptionalJsonAsync<LeaseRequest>(http) ?? new LeaseRequest();
        var errors = new FieldErrors();
        if (body.TtlSeconds is < 1 or > 86_400)
            errors.Add("ttlSeconds", "'ttlSeconds' must be from 1 to 86400.");
        if (body.Description is { } text && (text.Length is 0 or > 200 || !Sagas.Jobs.JobRules.IsStorable(text)))
            errors.Add("description", "'description' must be text of 1 to 200 characters without control characters.");
        errors.Demand();
        var nonce = InstanceEndpoints.Nonce(http.Request);
        return await writes.RunAsync(http, async transaction =>
        {
            var (lease, refusal) = await leases.TakeAsync(
                transaction, number, nonce, TimeSpan.FromSeconds(body.TtlSeconds ?? DefaultSeconds), body.Description, http.Actor(), cancellationToken);
            if (refusal is not null)
                return Answer.Refused(InstanceErrors.LeaseHeld.Because(refusal.Detail));
            return lease is null
                ? Answer.Refused(InstanceErrors.NoInstance(id))
                : Answer.Created($"/api/v1/instances/{id}/lease", new LeaseBody { Nonce = lease.Nonce, Owner = lease.Owner, Description = lease.Description, ExpiresAt = lease.ExpiresAt }) with { IsSecret = true };
        });
    }

    private static async Task<IResult> EndLeaseAsync(
        string id, HttpContext http, InstanceReader instances, InstanceLeases leases, DurableTransactions transactions, CancellationToken cancellationToken)
    {
        if (PathIds.Of("id", id) is not { } number || await instances.ReadAsync(number, cancellationToken) is null)
            return InstanceErrors.NoInstance(id);
        await using var transaction = await transactions.BeginAsync(cancellationToken);
        if (await leases.EndAsync(transaction, number, InstanceEndpoints.Nonce(http.Request), cancellationToken) is { } refusal)
            return InstanceErrors.LeaseHeld.Because(refusal.Detail);
        await transaction.CommitAsync(cancellationToken);
        return Results.NoContent();
    }

    internal static readonly ErrorKind NoLease = new(404, "LEASE_NOT_FOUND", "There is no lease", "Take one with POST.");
}
