using System.Text;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence.DeadLetters;
using Orchestrator.Sagas.Persistence.Outbox;

namespace Orchestrator.Api.DeadLetters;

/// <summary>Dead letters: look, replay, delete.</summary>
public static class DeadLetterEndpoints
{
    public const int DefaultLimit = 50;
    public const int MaxLimit = 500;

    private const int MaxIds = 1000;

    internal static readonly ErrorKind NotFound = new(
        404, "DEAD_LETTER_NOT_FOUND", "There is no such dead letter", "It may have been replayed or deleted; list them with GET /api/v1/dead-letters.");

    internal static readonly ErrorKind NoQueue = new(
        409, "QUEUE_NOT_FOUND", "There is no such queue", "Start a worker that declares the queue, or delete the dead letters.");

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static IEndpointRouteBuilder MapDeadLetters(this IEndpointRouteBuilder endpoints)
    {
        var letters = endpoints.MapGroup("/api/v1/dead-letters").WithTags("Dead letters").RequireScope(Scopes.Operate);
        letters.MapGet("", OverviewAsync).WithName("ListDeadLetters").Describe(DeadLetterDocs.Overview);
        letters.MapGet("/{queue}", ListAsync).WithName("ListDeadLettersOfQueue").Describe(DeadLetterDocs.List);
        letters.MapGet("/{queue}/{id}", ReadAsync).WithName("GetDeadLetter").Describe(DeadLetterDocs.Read);
        letters.MapPost("/{queue}/replay", ReplayAsync).WithName("ReplayDeadLetters").Describe(DeadLetterDocs.Replay);
        letters.MapDelete("/{queue}", DeleteAsync).WithName("DeleteDeadLetters").Describe(DeadLetterDocs.Delete);
        letters.MapDelete("/{queue}/{id}", DeleteOneAsync).WithName("DeleteDeadLetter").Describe(DeadLetterDocs.DeleteOne);
        return endpoints;
    }

    private static async Task<IResult> OverviewAsync(HttpContext http, DeadLetterStore letters, CancellationToken cancellationToken)
    {
        var (items, next) = await PageAsync(queue: null, http, letters, cancellationToken);
        var queues = await letters.CountAsync(cancellationToken);
        return Results.Ok(new DeadLetterOverview([.. queues.Select(one => new DeadLetterQueueBody(one.Queue, one.Count, one.Oldest))], items, next));
    }

    private static async Task<IResult> ListAsync(string queue, HttpContext http, DeadLetterStore letters, CancellationToken cancellationToken)
    {
        var (items, next) = await PageAsync(RouteText.Decoded(queue), http, letters, cancellationToken);
        return Results.Ok(new DeadLetterPage(items, next));
    }

    private static async Task<IResult> ReadAsync(string queue, string id, DeadLetterStore letters, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(id, out var guid) || await letters.ReadAsync(RouteText.Decoded(queue), guid, cancellationToken) is not { } letter)
            return NotFound.Because($"Queue {queue} has no dead letter {id}.");
        var body = DeadLetterBody.Of(new DeadLetterEntry(letter, letter.Body.Length));
        try
        {
            return Results.Ok(new DeadLetterDetail(body, Strict.GetString(letter.Body), BodyBase64: null));
        }
        catch (DecoderFallbackException)
        {
            return Results.Ok(new DeadLetterDetail(body, Body: null, Convert.ToBase64String(letter.Body)));
        }
    }

    private static async Task<IResult> ReplayAsync(
        string queue, HttpContext http, DeadLetterStore letters, BrokerPublisher broker, CancellationToken cancellationToken)
    {
        var query = new QueryReader(http.Request);
        query.Only("limit");
        var limit = query.Integer("limit", 1, int.MaxValue) ?? int.MaxValue;
        query.Demand();
        var ids = await IdsOfBodyAsync(http);
        var name = RouteText.Decoded(queue);
        // They would wait in the outbox for a queue that never comes.
        if (await broker.HasQueueAsync(name, cancellationToken) is false)
            return NoQueue.Because($"The broker has no queue {queue}; its dead letters stay.");
        return Results.Ok(new Replayed(await letters.ReplayAsync(name, ids, limit, cancellationToken)));
    }

    private static async Task<IResult> DeleteAsync(string queue, HttpContext http, DeadLetterStore letters, CancellationToken cancellationToken)
    {
        var query = new QueryReader(http.Request);
        query.Only("ids");
        query.Demand();
        var ids = IdsOfQuery(http.Request) ?? await IdsOfBodyAsync(http);
        return Results.Ok(new Deleted(await letters.DeleteAsync(RouteText.Decoded(queue), ids, cancellationToken)));
    }

    private static async Task<IResult> DeleteOneAsync(string queue, string id, DeadLetterStore letters, CancellationToken cancellationToken) =>
        Guid.TryParse(id, out var guid) && await letters.DeleteAsync(RouteText.Decoded(queue), [guid], cancellationToken) > 0
            ? Results.NoContent()
            : NotFound.Because($"Queue {queue} has no dead letter {id}.");

    private static async Task<(IReadOnlyList<DeadLetterBody> Items, string? Next)> PageAsync(
        string? queue, HttpContext http, DeadLetterStore letters, CancellationToken cancellationToken)
    {
        var query = new QueryReader(http.Request);
        var limit = query.Integer("limit", 1, MaxLimit) ?? DefaultLimit;
        var cursor = query.Cursor();
        query.Demand();
        var found = await letters.ListAsync(queue, cursor is null ? null : Position(cursor), limit + 1, cancellationToken);
        var page = found.Take(limit).Select(DeadLetterBody.Of).ToList();
        return (page, found.Count > limit ? Cursor.Of(Rfc3339.Format(page[^1].FirstSeen), page[^1].Id.ToString()) : null);
    }

    private static (DateTimeOffset FirstSeen, Guid Id) Position(string cursor)
    {
        var parts = Cursor.Parts(cursor, 2);
        return Rfc3339.TryParse(parts[0], out var firstSeen) && Guid.TryParse(parts[1], out var id) ? (firstSeen, id) : throw Cursor.Invalid();
    }

    // A selection that is there but empty or misspelt must never come to mean all.
    private static async Task<IReadOnlyCollection<Guid>?> IdsOfBodyAsync(HttpContext http)
    {
        if (await RequestBody.ReadOptionalJsonAsync<DeadLetterSelection>(http) is not { } selection)
            return null;
        return selection.Ids is { Count: > 0 and <= MaxIds } ids
            ? ids
            : throw FieldErrors.One("ids", $"'ids' must have 1 to {MaxIds} entries; without a body all are meant.");
    }

    private static List<Guid>? IdsOfQuery(HttpRequest request)
    {
        if (!request.Query.TryGetValue("ids", out var values))
            return null;
        var ids = new List<Guid>();
        foreach (var text in values.SelectMany(value => (value ?? "").Split(',')))
        {
            if (!Guid.TryParse(text, out var id) || ids.Count == MaxIds)
                throw FieldErrors.One("ids", $"'ids' must be 1 to {MaxIds} UUIDs, separated by commas.");
            ids.Add(id);
        }

        return ids;
    }
}
