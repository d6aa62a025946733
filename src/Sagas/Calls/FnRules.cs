namespace Orchestrator.Sagas.Calls;

/// <summary>
/// The checks of apps, fns and triggers, in the original's order: its clients show the first message.
/// </summary>
public static class FnRules
{
    private const int MaxNameLength = 255;
    private const int DefaultTimeout = 30;
    private const int DefaultMemory = 128;

    private static readonly string[] SyslogSchemes = ["tcp", "udp", "unix", "unixgram", "tcp+tls"];

    /// <exception cref="FnException">Something is not allowed.</exception>
    public static FnApp Create(FnAppChange change, string id, DateTimeOffset now)
    {
        Demand(string.IsNullOrEmpty(change.Id), FnErrors.AppIdProvided);
        Demand(!string.IsNullOrEmpty(change.Name), FnErrors.AppMissingName);
        Demand(change.Name!.Length <= MaxNameLength, FnErrors.AppNameTooLong);
        Demand(change.Name.All(letter => char.IsLetter(letter) || char.IsNumber(letter) || letter is '_' or '-'), FnErrors.AppNameInvalid);
        return Checked(new FnApp
        {
            Id = id,
            Name = change.Name,
            Config = Config([], change.Config, isCreate: true),
            Annotations = FnAnnotations.Create(change.Annotations),
            SyslogUrl = NullIfEmpty(change.SyslogUrl),
            Shape = NullIfEmpty(change.Shape) ?? FnApp.DefaultShape,
            CreatedAt = now,
            UpdatedAt = now,
        });
    }

    /// <inheritdoc cref="Create(FnAppChange, string, DateTimeOffset)"/>
    public static FnApp Update(FnApp app, FnAppChange change)
    {
        Demand(string.IsNullOrEmpty(change.Id) || change.Id == app.Id, FnErrors.AppIdMismatch);
        Demand(string.IsNullOrEmpty(change.Name) || change.Name == app.Name, FnErrors.AppNameImmutable);
        return Checked(app with
        {
            Config = Config(app.Config, change.Config),
            Annotations = FnAnnotations.Merge(app.Annotations, change.Annotations),
            SyslogUrl = change.SyslogUrl is null ? app.SyslogUrl : NullIfEmpty(change.SyslogUrl),
            Shape = NullIfEmpty(change.Shape) ?? app.Shape,
        });
    }

    /// <inheritdoc cref="Create(FnAppChange, string, DateTimeOffset)"/>
    public static Fn Create(FnChange change, string id, DateTimeOffset now)
    {
        Demand(string.IsNullOrEmpty(change.Id), FnErrors.FnIdProvided);
        Demand(!string.IsNullOrEmpty(change.AppId), FnErrors.FnMissingAppId);
        Demand(!string.IsNullOrEmpty(change.Name), FnErrors.FnMissingName);
        Demand(change.Name!.Length <= MaxNameLength, FnErrors.FnNameTooLong);
        Demand(IsPathText(change.Name), FnErrors.FnNameInvalid);
        Demand(!string.IsNullOrEmpty(change.Image), FnErrors.FnMissingImage);
        var fn = new Fn
        {
            Id = id,
            Name = change.Name,
            AppId = change.AppId!,
            Image = change.Image!,
            Memory = Memory(change.Memory, DefaultMemory),
            Timeout = NullIfZero(change.Timeout) ?? DefaultTimeout,
            IdleTimeout = NullIfZero(change.IdleTimeout) ?? DefaultTimeout,
            TmpfsSize = (int)Math.Min(change.TmpfsSize ?? 0, int.MaxValue),
            Cpus = change.Cpus ?? default,
            MaxConcurrency = change.MaxConcurrency ?? 0,
            Config = Config([], change.Config, isCreate: true),
            Annotations = [],
            Shape = FnApp.DefaultShape,
            CreatedAt = now,
            UpdatedAt = now,
        };
        return Checked(fn) with { Annotations = FnAnnotations.Create(change.Annotations) };
    }

    /// <inheritdoc cref="Create(FnAppChange, string, DateTimeOffset)"/>
    public static Fn Update(Fn fn, FnChange change)
    {
        Demand(string.IsNullOrEmpty(change.Id) || change.Id == fn.Id, FnErrors.FnIdMismatch);
        return Checked(fn with
        {
            Image = NullIfEmpty(change.Image) ?? fn.Image,
            Memory = Memory(change.Memory, fn.Memory),
            Timeout = NullIfZero(change.Timeout) ?? fn.Timeout,
            IdleTimeout = NullIfZero(change.IdleTimeout) ?? fn.IdleTimeout,
            TmpfsSize = change.TmpfsSize is > 0 and var size ? (int)Math.Min(size, int.MaxValue) : fn.TmpfsSize,
            Cpus = change.Cpus is { Value: > 0 } cpus ? cpus : fn.Cpus,
            MaxConcurrency = NullIfZero(change.MaxConcurrency) ?? fn.MaxConcurrency,
            Config = Config(fn.Config, change.Config),
            Annotations = FnAnnotations.Merge(fn.Annotations, change.Annotations),
        });
    }

    /// <inheritdoc cref="Create(FnAppChange, string, DateTimeOffset)"/>
    public static FnTrigger Create(FnTriggerChange change, string id, DateTimeOffset now)
    {
        Demand(string.IsNullOrEmpty(change.Id), FnErrors.TriggerIdProvided);
        Demand(change.CreatedAt is not { Year: > 1 }, FnErrors.TriggerCreatedAtProvided);
        Demand(change.UpdatedAt is not { Year: > 1 }, FnErrors.TriggerUpdatedAtProvided);
        Demand(!string.IsNullOrEmpty(change.AppId), FnErrors.TriggerMissingAppId);
        var trigger = new FnTrigger
        {
            Id = id,
            Name = change.Name ?? "",
            AppId = change.AppId!,
            FnId = change.FnId ?? "",
            Type = change.Type ?? "",
            Source = change.Source ?? "",
            Annotations = [],
            CreatedAt = now,
            UpdatedAt = now,
        };
        return Checked(trigger) with { Annotations = FnAnnotations.Create(change.Annotations) };
    }

    /// <inheritdoc cref="Create(FnAppChange, string, DateTimeOffset)"/>
    public static FnTrigger Update(FnTrigger trigger, FnTriggerChange change)
    {
        Demand(string.IsNullOrEmpty(change.Id) || change.Id == trigger.Id, FnErrors.TriggerIdMismatch);
        return Checked(trigger with
        {
            Name = NullIfEmpty(change.Name) ?? trigger.Name,
            FnId = NullIfEmpty(change.FnId) ?? trigger.FnId,
            Type = NullIfEmpty(change.Type) ?? trigger.Type,
            Source = NullIfEmpty(change.Source) ?? trigger.Source,
            Annotations = FnAnnotations.Merge(trigger.Annotations, change.Annotations),
        });
    }

    private static FnApp Checked(FnApp app)
    {
        if (app.SyslogUrl is { } url && !IsSyslog(url))
            throw new FnException(FnErrors.SyslogInvalid(url));
        Demand(FnApp.Shapes.Contains(app.Shape, StringComparer.Ordinal), FnErrors.AppShapeInvalid);
        return app;
    }

    private static Fn Checked(Fn fn)
    {
        Demand(fn.Timeout is >= 1 and <= 300, FnErrors.FnTimeoutRange);
        Demand(fn.IdleTimeout is >= 1 and <= 3600, FnErrors.FnIdleTimeoutRange);
        Demand(fn.Memory is >= 1 and <= 8192, FnErrors.FnMemoryRange);
        Demand(fn.TmpfsSize <= 8192, FnErrors.FnTmpfsRange);
        Demand(fn.MaxConcurrency is >= 0 and <= 10_000, FnErrors.FnConcurrencyRange);
        return fn;
    }

    private static FnTrigger Checked(FnTrigger trigger)
    {
        Demand(trigger.Name.Length > 0, FnErrors.TriggerMissingName);
        Demand(trigger.Name.Length <= MaxNameLength, FnErrors.TriggerNameTooLong);
        Demand(IsPathText(trigger.Name), FnErrors.TriggerNameInvalid);
        Demand(trigger.FnId.Length > 0, FnErrors.TriggerMissingFnId);
        Demand(trigger.Type is FnTrigger.HttpType, FnErrors.TriggerTypeUnknown);
        Demand(trigger.Source.Length > 0, FnErrors.TriggerMissingSource);
        Demand(trigger.Source[0] == '/', FnErrors.TriggerMissingSourcePrefix);
        return trigger;
    }

    private static SortedDictionary<string, string> Config(
        SortedDictionary<string, string> present, Dictionary<string, string>? change, bool isCreate = false)
    {
        var config = new SortedDictionary<string, string>(present, StringComparer.Ordinal);
        foreach (var (key, value) in change ?? [])
        {
            // What no environment can hold.
            Demand(key.Length > 0 && !key.AsSpan().ContainsAny('\0', '=') && value?.Contains('\0', StringComparison.Ordinal) is not true, FnErrors.InvalidJson);
            if (string.IsNullOrEmpty(value) && !isCreate)
                config.Remove(key);
            else
                config[key] = value ?? "";
        }

        return config;
    }

    private static bool IsSyslog(string url)
    {
        var at = url.IndexOf("://", StringComparison.Ordinal);
        return at > 0 && url.Length > at + 3 && !url.Contains('\0', StringComparison.Ordinal) && SyslogSchemes.Contains(url[..at], StringComparer.Ordinal);
    }

    // What Go's url.PathEscape leaves as it is.
    internal static bool IsPathText(string text) =>
        !text.AsSpan().ContainsAnyExcept("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+:=@");

    private static long Memory(ulong? given, long otherwise) => given is null or 0 ? otherwise : (long)Math.Min(given.Value, long.MaxValue);

    private static int? NullIfZero(int? number) => number is 0 ? null : number;

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static void Demand(bool isAllowed, FnError error)
    {
        if (!isAllowed)
            throw new FnException(error);
    }
}
