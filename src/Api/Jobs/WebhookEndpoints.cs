using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using Orchestrator.Api.Http;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Persistence.Outbox;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Api.Jobs;

/// <summary>Takes GitHub's webhook deliveries. The answer 200 means that the delivery is stored durably.</summary>
public static class WebhookEndpoints
{
    /// <summary>GitHub waits 10 seconds: enough for the database to fail, and the broker after it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    /// <summary>So that its turn comes before GitHub has hung up.</summary>
    private static readonly TimeSpan Queueing = TimeSpan.FromSeconds(1.5);

    private static readonly string[] ForwardedHeaders =
    [
        "X-GitHub-Event", "X-GitHub-Delivery", "X-GitHub-Hook-ID",
        "X-GitHub-Hook-Installation-Target-Type", "X-GitHub-Hook-Installation-Target-ID",
    ];

    public static IEndpointRouteBuilder MapWebhook(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/webhook", ReceiveAsync).WithName("ReceiveWebhook").WithTags("Webhook").Describe(new Doc(
            "Take a delivery of GitHub",
            "A `workflow_job` delivery, signed with one of the webhook's secrets (HMAC-SHA256 over the raw body, up to 1 MiB). 200 means that it is stored durably.")
        {
            Parameters =
            [
                DocParameter.Header("X-Hub-Signature-256", "sha256= and the HMAC in hexadecimal.", "sha256=0aca2d7154cddad4f56f246cad61f1485df34b8056e10c4e4799494376fb3413"),
                DocParameter.Header("X-GitHub-Event", "Kind of event; those but workflow_job are ignored.", "workflow_job"),
                DocParameter.Header("X-GitHub-Delivery", "Id of the delivery.", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
            ],
            Answers = [new(200, "Stored, or ignored because it concerns no machine.")],
            Errors =
            [
                WebhookErrors.SignatureMissing, WebhookErrors.SignatureInvalid, WebhookErrors.Malformed, Errors.BodyTooLarge,
                WebhookErrors.NotConfigured, WebhookErrors.NotStored, WebhookErrors.Busy,
            ],
        });
        return endpoints;
    }

    private static async Task<IResult> ReceiveAsync(
        HttpRequest request, IOptionsMonitor<WebhookOptions> options, GithubDelivery github, DurableTransactions transactions,
        BrokerPublisher publisher, WebhookIntake intake, OrchestratorMetrics metrics, ILogger<WebhookOptions> logger, CancellationToken cancellationToken)
    {
        if (options.CurrentValue.Secrets.Count == 0)
            return WebhookErrors.NotConfigured.Because("No webhook secret is configured, so no delivery can be trusted.");
        if (intake.IsFull)
            return Busy();
        if (request.Headers["X-Hub-Signature-256"] is not [{ Length: > 0 } signature])
            return WebhookErrors.SignatureMissing.Because("missing signature header");
        if (await RequestBody.ReadAsync(request, cancellationToken) is not { } body)
            return Errors.BodyTooLarge.Because($"body length exceeds limit of {RequestBody.MaxBytes} bytes");
        if (!IsSigned(signature, body, options.CurrentValue.Secrets))
            return WebhookErrors.SignatureInvalid.Because("webhook contains invalid signature");
        JobChange? change;
        try
        {
            change = github.Read(request.Headers["X-GitHub-Event"].ToString(), body);
        }
        catch (InvalidMessageException exception)
        {
            return WebhookErrors.Malformed.Because(exception.Message);
        }

        if (change is null)
        {
            metrics.Discarded("webhook");
            return Results.Ok();
        }

        using var place = await intake.EnterAsync(Queueing, cancellationToken);
        if (place is null)
            return Busy();
        return await StoreAsync(Message(request, body), transactions, publisher, logger, cancellationToken)
            ? Results.Ok()
            : WebhookErrors.NotStored.Because("Nothing durable could be done; deliver it again.").WithHeader("Retry-After", "5");
    }

    private static IResult Busy() =>
        WebhookErrors.Busy.Because("More deliveries came than can be stored at a time; deliver it again.").WithHeader("Retry-After", "1");

    private static async Task<bool> StoreAsync(
        OutboxMessage message, DurableTransactions transactions, BrokerPublisher publisher, ILogger logger, CancellationToken cancellationToken)
    {
        try
        {
            using var deadline = Deadline(cancellationToken);
            await using var transaction = await transactions.BeginAsync(deadline.Token);
            transaction.Publish(message);
            await transaction.CommitAsync(deadline.Token);
            return true;
        }
        catch (Exception exception) when (Transient.Is(exception) || IsLate(exception, cancellationToken))
        {
            logger.LogWarning("The outbox cannot take a delivery, the broker is asked instead: {Reason}", exception.Message);
        }

        try
        {
            using var deadline = Deadline(cancellationToken);
            await publisher.PublishAsync(message, deadline.Token);
            return true;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || IsLate(exception, cancellationToken))
        {
            logger.LogError("A delivery could not be stored: {Reason}", exception.Message);
            return false;
        }
    }

    private static CancellationTokenSource Deadline(CancellationToken cancellationToken)
    {
        var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Patience);
        return deadline;
    }

    private static bool IsLate(Exception exception, CancellationToken cancellationToken) =>
        exception is OperationCanceledException && !cancellationToken.IsCancellationRequested;

    private static OutboxMessage Message(HttpRequest request, byte[] body)
    {
        var headers = JsonNode.Parse(TraceHeaders.ForPublish(ExchangeNames.GithubWorkflowJobs, parent: default))!.AsObject();
        foreach (var name in ForwardedHeaders)
            headers[name] = request.Headers[name].ToString();
        headers[Publishers.ActorHeader] = "webhook";
        var delivery = request.Headers["X-GitHub-Delivery"].ToString();
        return new OutboxMessage
        {
            // The delivery id is not signed; with the body it is one that nobody can take from another delivery.
            MessageId = NameIds.Of("webhook", delivery, Convert.ToHexString(SHA256.HashData(body))).ToString(),
            Exchange = ExchangeNames.GithubWorkflowJobs,
            RoutingKey = ExchangeNames.WorkflowJobRoutingKey,
            IsMandatory = true,
            ContentType = "application/json",
            Headers = headers.ToJsonString(),
            Body = body,
        };
    }

    private static bool IsSigned(string signature, byte[] body, IEnumerable<string> secrets)
    {
        const string prefix = "sha256=";
        if (!signature.StartsWith(prefix, StringComparison.Ordinal) || signature.Length != prefix.Length + 64)
            return false;
        Span<byte> claimed = stackalloc byte[32];
        if (Convert.FromHexString(signature.AsSpan(prefix.Length), claimed, out _, out _) is not System.Buffers.OperationStatus.Done)
            return false;
        var isSigned = false;
        foreach (var secret in secrets)
            isSigned |= CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body), claimed);
        return isSigned;
    }
}
