using System.Net.Http.Headers;
using System.Text.Json;
using MassTransit;
using Microsoft.Extensions.Options;
using Orchestrator.Contracts.Calls;
using Orchestrator.Sagas.Calls;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Outbound;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Workers.Calls;

/// <summary>
/// Posts the outcome of a call to where its caller wants it, signed. What fails is tried again later and later, for
/// about a day; a target that is not permitted is not tried again.
/// </summary>
public sealed class DeliverCallbackConsumer(
    CallReader calls, OutboundClient client, DurableTransactions transactions, IOptions<CallsOptions> options, TimeProvider time,
    ILogger<DeliverCallbackConsumer> logger) : IConsumer<DeliverCallback>
{
    private const int MaxAttempts = 12;
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(6);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public async Task Consume(ConsumeContext<DeliverCallback> context)
    {
        var (id, attempt) = (context.Message.CallId, context.Message.Attempt);
        if (await calls.FindAsync(id, context.CancellationToken) is not { CallbackUrl: { } url } call || options.Value.CallbackSecret is not { Length: > 0 } secret)
            return;
        var problem = await PostAsync(call, url, secret, context.CancellationToken);
        var isFinal = problem is null or { IsFinal: true } || attempt >= MaxAttempts;
        if (problem is not null)
            logger.LogInformation("Callback {Attempt} of call {CallId} failed: {Reason}", attempt, id, problem.Reason);
        await using var transaction = await transactions.BeginAsync(context.CancellationToken);
        transaction.Record(new ResourceEvent
        {
            Kind = CallEditor.Kind,
            Key = id,
            What = problem is null ? "callback-delivered" : isFinal ? "callback-given-up" : "callback-failed",
            Reason = problem?.Reason,
            Actor = "worker",
            TraceId = call.TraceId,
        });
        if (!isFinal)
        {
            var pause = FirstPause * Math.Pow(3, attempt - 1);
            transaction.Schedule(
                new DeliverCallback { CallId = id, Attempt = attempt + 1 },
                NameIds.Of("call-callback", id, $"{attempt + 1}"),
                (pause < LongestPause ? pause : LongestPause) * (0.8 + (Random.Shared.NextDouble() * 0.4)),
                context.Trace());
        }

        await transaction.CommitAsync(context.CancellationToken);
    }

    private async Task<Problem?> PostAsync(Call call, string url, string secret, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(CallbackBody.Of(call), FnJson.Options);
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json") { CharSet = "utf-8" };
        request.Headers.TryAddWithoutValidation("Fn-Call-Id", call.Id);
        request.Headers.TryAddWithoutValidation(CallCallbacks.SignatureHeader, CallCallbacks.Sign(secret, time.GetUtcNow(), body));
        try
        {
            var answer = await client.SendAsync(request, Patience, cancellationToken);
            return (int)answer.Status is >= 200 and < 300
                ? null
                : new Problem($"answered {(int)answer.Status}", IsFinal: (int)answer.Status is 410);
        }
        catch (OutboundRefusedException refused)
        {
            return new Problem(refused.Message, IsFinal: true);
        }
        catch (Exception exception) when (exception is HttpRequestException or TimeoutException or IOException)
        {
            return new Problem(exception.GetBaseException().Message, IsFinal: false);
        }
    }

    private sealed record Problem(string Reason, bool IsFinal);
}

/// <summary>What a callback tells.</summary>
public sealed record CallbackBody
{
    public required string CallId { get; init; }
    public required string FnId { get; init; }
    public required string AppId { get; init; }
    public required string Status { get; init; }
    public string? Reason { get; init; }
    public string? Error { get; init; }
    public required int Attempt { get; init; }
    public string? RetryOf { get; init; }
    public string? RetryAt { get; init; }
    public DateTimeOffset? CreatedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? CompletedAt { get; init; }
    public int? ResultStatus { get; init; }

    /// <summary>What the function answered: text, or base64 where <see cref="ResultEncoding"/> says so.</summary>
    public string? Result { get; init; }

    public string? ResultEncoding { get; init; }

    public static CallbackBody Of(Call call)
    {
        var (result, encoding) = CallText.Of(call.Result);
        return new CallbackBody
        {
            CallId = call.Id,
            FnId = call.FnId,
            AppId = call.Spec.AppId,
            Status = call.Status,
            Reason = call.Reason,
            Error = call.Error,
            Attempt = call.Attempt,
            RetryOf = call.RetryOf,
            RetryAt = call.RetryAt,
            CreatedAt = call.CreatedAt,
            StartedAt = call.StartedAt,
            CompletedAt = call.CompletedAt,
            ResultStatus = call.ResultStatus,
            Result = result,
            ResultEncoding = encoding,
        };
    }
}
