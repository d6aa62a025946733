using System.Security.Cryptography;
using System.Text;
using Npgsql;
using Orchestrator.Api.Auth;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Persistence.Idempotency;

namespace Orchestrator.Api.Http;

/// <summary>
/// Runs the effect of a POST in one transaction. With a header <c>Idempotency-Key</c> the answer commits with it, and
/// the same request with the same key gets the same answer for 24 hours, whatever crashed in between.
/// </summary>
public sealed class IdempotentWrites(DurableTransactions transactions, ILogger<IdempotentWrites> logger)
{
    private const int Attempts = 3;

    public const string Header = "Idempotency-Key";
    public const string ReplayedHeader = "Idempotent-Replayed";
    public const int MaxKeyLength = 255;

    public static readonly ErrorKind InvalidKey = new(
        400, "IDEMPOTENCY_KEY_INVALID", "The idempotency key is not allowed", $"Send one header {Header} of 1 to 255 printable ASCII characters, such as a UUID.");

    public static readonly ErrorKind Reused = new(
        422, "IDEMPOTENCY_KEY_REUSED", "The idempotency key came with another request", "Use a new key for every new request.");

    public static readonly ErrorKind InFlight = new(
        409, "IDEMPOTENCY_IN_FLIGHT", "A request with this key has not ended yet", "Repeat the request in a moment.");

    public static readonly ErrorKind WasSecret = new(
        409, "IDEMPOTENCY_ANSWER_SECRET", "The answer held a secret and was not kept", "If you missed it, delete what was made and make it anew.");

    /// <summary>
    /// Runs <paramref name="effect"/> and commits, unless it refuses: then nothing of it stays. It is run again when another
    /// transaction was in the way.
    /// </summary>
    /// <exception cref="ProblemException">The key is not allowed, in flight, reused, or its answer was secret.</exception>
    public async Task<IResult> RunAsync(HttpContext http, Func<DurableTransaction, Task<Answer>> effect)
    {
        var request = await RequestAsync(http);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await RunOnceAsync(http, request, effect);
            }
            catch (PostgresException exception) when (attempt < Attempts && Transient.IsConflict(exception))
            {
                logger.LogInformation("A request gave way to another and is carried out again: {Reason}", exception.MessageText);
            }
        }
    }

    private async Task<IResult> RunOnceAsync(HttpContext http, IdempotentRequest? request, Func<DurableTransaction, Task<Answer>> effect)
    {
        var cancellationToken = http.RequestAborted;
        Answer answer;
        await using (var transaction = await transactions.BeginAsync(cancellationToken))
        {
            if (request is not null && await EarlierAsync(transaction, request, http) is { } earlier)
                return earlier;
            answer = await effect(transaction);
            if (!answer.IsRefusal)
            {
                Store(transaction, request, answer);
                await transaction.CommitAsync(cancellationToken);
                return answer;
            }
        }

        if (request is not null)
            await StoreRefusalAsync(request, answer, http);
        return answer;
    }

    private async Task StoreRefusalAsync(IdempotentRequest request, Answer answer, HttpContext http)
    {
        await using var transaction = await transactions.BeginAsync(http.RequestAborted);
        if (await EarlierAsync(transaction, request, http) is not null)
            return;
        Store(transaction, request, answer);
        await transaction.CommitAsync(http.RequestAborted);
    }

    private static async Task<Answer?> EarlierAsync(DurableTransaction transaction, IdempotentRequest request, HttpContext http)
    {
        var (state, stored) = await IdempotencyTable.EnterAsync(transaction, request, http.RequestAborted);
        switch (state)
        {
            case IdempotencyState.InFlight:
                throw new ProblemException(InFlight.Because("A request with this idempotency key has not ended yet.").WithHeader("Retry-After", "1"));
            case IdempotencyState.Reused:
                throw new ProblemException(Reused.Because("The idempotency key was used with another body or query within the last 24 hours."));
            case IdempotencyState.Answered when stored!.IsSecret:
                throw new ProblemException(WasSecret.Because("The same request was carried out before; its answer held a secret and was not kept."));
            case IdempotencyState.Answered:
                http.Response.Headers[ReplayedHeader] = "true";
                return new Answer(stored!.Status) { Headers = stored.Headers, Body = stored.Body };
            default:
                return null;
        }
    }

    private static void Store(DurableTransaction transaction, IdempotentRequest? request, Answer answer)
    {
        if (request is null)
            return;
        IdempotencyTable.Store(transaction, request, answer.IsSecret
            ? new StoredAnswer(answer.Status, new Dictionary<string, string>(StringComparer.Ordinal), [], IsSecret: true)
            : new StoredAnswer(answer.Status, answer.Headers, answer.Body, IsSecret: false));
    }

    private static async Task<IdempotentRequest?> RequestAsync(HttpContext http)
    {
        if (!http.Request.Headers.TryGetValue(Header, out var values))
            return null;
        if (values is not [{ Length: > 0 and <= MaxKeyLength } key] || key.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            throw new ProblemException(InvalidKey.Because($"'{Header}' must be given once, as 1 to {MaxKeyLength} printable ASCII characters."));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{http.Request.QueryString}\n"));
        hash.AppendData((await RequestBody.ReadBytesAsync(http)).Span);
        return new IdempotentRequest(http.Caller().Identity, http.Request.Method, http.Request.Path.Value!, key, hash.GetHashAndReset());
    }
}
