using MassTransit;
using Microsoft.Extensions.Options;
using Orchestrator.Contracts.Calls;
using Orchestrator.Sagas.Calls;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Workers.Calls;

/// <summary>Reads commands about calls that come over the bus, with the checks that HTTP has.</summary>
public sealed class FnCommands(FnCatalog catalog, CallId ids, IOptions<CallsOptions> options, TimeProvider time)
{
    /// <summary>The call that a message asks for.</summary>
    /// <exception cref="InvalidMessageException">It is not valid, or its fn does not exist.</exception>
    public async Task<NewCall> ReadAsync(ConsumeContext<InvokeFn> context)
    {
        var command = context.Message;
        Demand(command.CallId is not null || context.MessageId is not null, "MESSAGE_ID_MISSING", "A message without a message id needs 'callId'.");
        DemandField(command.CallId is null || CallId.IsId(command.CallId), "'callId' must be 26 characters as the function server makes them.");
        DemandField(command.Delay is >= 0 and <= CallRules.MaxDelay, $"'delay' must be a whole number from 0 to {CallRules.MaxDelay}.");
        DemandField(command.Priority is >= 0 and <= CallRules.MaxPriority, $"'priority' must be a whole number from 0 to {CallRules.MaxPriority}.");
        DemandField(command.MaxRetries is >= 0 and <= CallRules.MaxRetries, $"'maxRetries' must be a whole number from 0 to {CallRules.MaxRetries}.");
        DemandField(command.RetryDelay is null or (>= 0 and <= CallRules.MaxRetryDelay), $"'retryDelay' must be a whole number from 0 to {CallRules.MaxRetryDelay}.");
        DemandField((command.Payload?.Length ?? 0) <= CallRules.MaxMessagePayload, $"'payload' must have at most {CallRules.MaxMessagePayload} bytes; send more over HTTP.");
        DemandField(command.CallbackUrl is null || CallRules.CallbackProblem(command.CallbackUrl) is null, "'callbackUrl' must be an http or https URL without a user name.");
        DemandField(command.CallbackUrl is null || !string.IsNullOrEmpty(options.Value.CallbackSecret), "'callbackUrl' is not available: Calls:CallbackSecret, which signs callbacks, is not set.");
        var cpus = default(MilliCpus);
        DemandField(command.Cpus is null || MilliCpus.TryParse(command.Cpus, out cpus), $"'cpus': {FnErrors.InvalidCpus.Message}.");
        var fn = await FindAsync(command.FnId, context.CancellationToken);
        var specId = command.Cpus is null
            ? await catalog.SpecIdAsync(fn, context.CancellationToken)
            : await catalog.SpecIdAsync(fn.Spec with { Cpus = cpus }, context.CancellationToken);
        var trace = context.Trace();
        return new NewCall
        {
            Id = command.CallId?.ToUpperInvariant() ?? ids.Next(),
            FnId = command.FnId,
            SpecId = specId,
            Type = CallType.Async,
            Priority = (short)command.Priority,
            Delay = command.Delay,
            MaxRetries = (short)command.MaxRetries,
            RetryDelay = command.RetryDelay ?? CallRules.DefaultRetryDelay,
            Headers = CallHeaders.Write(Headers(command)),
            Payload = command.Payload ?? [],
            CallbackUrl = command.CallbackUrl,
            CreatedAt = time.GetUtcNow(),
            TraceId = trace == default ? null : trace.TraceId.ToHexString(),
            TraceParent = trace == default ? null : TraceHeaders.Format(trace),
            Actor = context.ReceiveContext.Publisher(),
        };
    }

    private async Task<FnEntry> FindAsync(string fnId, CancellationToken cancellationToken)
    {
        try
        {
            return await catalog.FindAsync(fnId, cancellationToken);
        }
        catch (FnException)
        {
            throw new InvalidMessageException("FN_NOT_FOUND", $"There is no fn {fnId}.");
        }
    }

    private static List<KeyValuePair<string, string>> Headers(InvokeFn command)
    {
        var headers = new List<KeyValuePair<string, string>>();
        foreach (var (name, value) in command.Headers ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            DemandField(IsHeader(name, value), $"'headers': '{name}' is no header that HTTP can carry.");
            headers.Add(new(name, value));
        }

        if (command.ContentType is { } type)
        {
            DemandField(IsHeader("Content-Type", type), "'contentType' is no header that HTTP can carry.");
            headers.Add(new("Content-Type", type));
        }

        return headers;
    }

    private static bool IsHeader(string name, string? value) =>
        name.Length is > 0 and <= 256 && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_')
        && value is { Length: <= 8192 } && value.All(letter => letter is >= ' ' and <= '~' or '\t');

    private static void DemandField(bool isAllowed, string problem) => Demand(isAllowed, "INVALID_FIELD", problem);

    private static void Demand(bool isAllowed, string code, string problem)
    {
        if (!isAllowed)
            throw new InvalidMessageException(code, problem);
    }
}
