using Orchestrator.Api.Http;

namespace Orchestrator.Api.Jobs;

/// <summary>The errors of the webhook; the texts contain those of the original.</summary>
public static class WebhookErrors
{
    public static readonly ErrorKind SignatureMissing = new(
        403, "WEBHOOK_SIGNATURE_MISSING", "missing signature header", "Set the same secret in the webhook's settings at GitHub and in Webhook:Secrets.");

    public static readonly ErrorKind SignatureInvalid = new(
        403, "WEBHOOK_SIGNATURE_INVALID", "webhook contains invalid signature", "X-Hub-Signature-256 must be sha256= and the HMAC of the raw body with one of Webhook:Secrets, in hexadecimal.");

    public static readonly ErrorKind Malformed = new(
        400, "WEBHOOK_MALFORMED", "The delivery is not a workflow_job event", "Choose content type application/json and the event 'Workflow jobs' in the webhook's settings.");

    public static readonly ErrorKind NotConfigured = new(
        503, "WEBHOOK_NOT_CONFIGURED", "No webhook secret is configured", "Set Webhook:Secrets.");

    public static readonly ErrorKind NotStored = new(
        503, "WEBHOOK_NOT_STORED", "The delivery could not be stored", "Deliver it again: neither the database nor the broker took it.");

    public static readonly ErrorKind Busy = new(
        503, "WEBHOOK_BUSY", "Too many deliveries at once", "Deliver it again: nothing was stored. More replicas of the API take more at a time.");
}
