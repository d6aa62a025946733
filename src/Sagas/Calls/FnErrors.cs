namespace Orchestrator.Sagas.Calls;

/// <summary>An error as the original answers it: a status and a message.</summary>
public sealed record FnError(int Status, string Message);

/// <summary>Ends an operation with an error that its caller is told.</summary>
public sealed class FnException(FnError error) : Exception(error.Message)
{
    public FnError Error { get; } = error;
}

/// <summary>The errors of apps, fns, triggers and calls, word for word as the original's clients know them.</summary>
public static class FnErrors
{
    public static readonly FnError InvalidJson = new(400, "Invalid JSON");
    public static readonly FnError InvalidCursor = new(400, "Invalid cursor");

    public static readonly FnError AppMissingName = new(400, "Missing Name");
    public static readonly FnError AppIdProvided = new(400, "App ID cannot be supplied on create");
    public static readonly FnError AppNameTooLong = new(400, "App name must be 255 characters or less");
    public static readonly FnError AppNameInvalid = new(400, "Invalid app name");
    public static readonly FnError AppIdMismatch = new(400, "App ID in path does not match ID in body");
    public static readonly FnError AppMissingId = new(400, "Missing app ID");
    public static readonly FnError AppShapeInvalid = new(400, "Invalid app shape");
    public static readonly FnError AppExists = new(409, "App already exists");
    public static readonly FnError AppNameImmutable = new(409, "Could not update - name is immutable");
    public static readonly FnError AppNotFound = new(404, "App not found");

    public static readonly FnError FnIdProvided = new(400, "ID cannot be provided for Fn creation");
    public static readonly FnError FnMissingAppId = new(400, "Missing AppID on Fn");
    public static readonly FnError FnMissingName = new(400, "Missing Fn name");
    public static readonly FnError FnNameInvalid = new(400, "name must be a valid string");
    public static readonly FnError FnNameTooLong = new(400, "Fn name must be 255 characters or less");
    public static readonly FnError FnMissingImage = new(400, "Missing image on Fn");
    public static readonly FnError FnTimeoutRange = new(400, "timeout value is out of range, must be between 0 and 300");
    public static readonly FnError FnIdleTimeoutRange = new(400, "idle_timeout value is out of range, must be between 0 and 3600");
    public static readonly FnError FnMemoryRange = new(400, "memory value is out of range. It should be between 0 and 8192");
    public static readonly FnError FnTmpfsRange = new(400, "tmpfs_size value is out of range, must be between 0 and 8192");
    public static readonly FnError FnConcurrencyRange = new(400, "max_concurrency value is out of range, must be between 0 and 10000");
    public static readonly FnError InvalidCpus = new(400, "Cpus is invalid. Value should be either between [0.000 and 1024.000] or [0m and 1024000m] milliCPU units");
    public static readonly FnError FnIdMismatch = new(400, "Fn ID in path does not match that in body");
    public static readonly FnError FnExists = new(409, "Fn with specified name already exists");
    public static readonly FnError FnNotFound = new(404, "Fn not found");
    public static readonly FnError MissingFnId = new(400, "Missing Fn ID");

    public static readonly FnError TriggerIdProvided = new(400, "ID cannot be provided for Trigger creation");
    public static readonly FnError TriggerCreatedAtProvided = new(400, "Trigger Created At Provided for Create");
    public static readonly FnError TriggerUpdatedAtProvided = new(400, "Trigger ID Provided for Create");
    public static readonly FnError TriggerMissingAppId = new(400, "Missing App ID on Trigger");
    public static readonly FnError TriggerMissingName = new(400, "Missing name on Trigger");
    public static readonly FnError TriggerNameTooLong = new(400, "Trigger name must be 255 characters or less");
    public static readonly FnError TriggerNameInvalid = new(400, "Invalid name for Trigger");
    public static readonly FnError TriggerMissingFnId = new(400, "Missing Fn ID on Trigger");
    public static readonly FnError TriggerTypeUnknown = new(400, "Trigger Type Not Supported");
    public static readonly FnError TriggerMissingSource = new(400, "Missing Trigger Source");
    public static readonly FnError TriggerMissingSourcePrefix = new(400, "Missing Trigger Source Prefix '/'");
    public static readonly FnError TriggerFnNotOwned = new(400, "Invalid Fn ID - not owned by specified app");
    public static readonly FnError TriggerIdMismatch = new(400, "ID in path does not match ID in body");
    public static readonly FnError TriggerExists = new(409, "Trigger already exists");
    public static readonly FnError TriggerSourceExists = new(409, "Trigger with the same type and source exists on this app");
    public static readonly FnError TriggerNotFound = new(404, "Trigger not found");

    public static readonly FnError AnnotationKeyInvalid = new(400, "Invalid annotation key, annotation keys must be non-empty ascii strings excluding whitespace");
    public static readonly FnError AnnotationKeyTooLong = new(400, "Invalid annotation key length, annotation keys may not be larger than 128 bytes");
    public static readonly FnError AnnotationValueInvalid = new(400, "Invalid annotation value, annotation values may only be non-empty strings, numbers, objects, or arrays");
    public static readonly FnError AnnotationValueTooLong = new(400, "Invalid annotation value length, annotation values may not be larger than 512 bytes when serialized as JSON");
    public static readonly FnError TooManyAnnotations = new(400, "Invalid annotation change, new key(s) exceed maximum permitted number of annotations keys (100)");

    public static readonly FnError CallNotFound = new(404, "Call not found");
    public static readonly FnError CallLogNotFound = new(404, "Call log not found");
    public static readonly FnError FromTimeInvalid = new(400, "from_time is not an epoch time");
    public static readonly FnError ToTimeInvalid = new(400, "to_time is not an epoch time");
    public static readonly FnError LogNotAcceptable = new(406, "unable to respond within acceptable response content types");
    public static readonly FnError PayloadNotKept = new(409, "PAYLOAD_NOT_KEPT: the payload of this call was not kept, so it cannot be run again");
    public static readonly FnError TooBusy = new(503, "Timed out - server too busy");
    public static readonly FnError TimedOut = new(504, "Timed out");
    public static readonly FnError Internal = new(500, "internal server error");

    public static FnError SyslogInvalid(string url) => new(
        400, $"invalid syslog url: \"{url}\": invalid scheme, only [tcp, udp, unix, unixgram, tcp+tls] are supported");
}
