using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Orchestrator.Sagas.Calls;

/// <summary>
/// What a fn was when a call of it was accepted: later changes of the fn do not touch calls that wait. Two that are
/// equal have the same hash and one row.
/// </summary>
public sealed record FnSpec
{
    public required string FnId { get; init; }
    public required string FnName { get; init; }
    public required string AppId { get; init; }
    public required string AppName { get; init; }
    public required string Image { get; init; }

    /// <summary>MiB.</summary>
    public required long Memory { get; init; }

    /// <summary>Seconds.</summary>
    public required int Timeout { get; init; }

    /// <summary>Seconds.</summary>
    public required int IdleTimeout { get; init; }

    /// <summary>MiB.</summary>
    public required int TmpfsSize { get; init; }

    public required MilliCpus Cpus { get; init; }
    public required int MaxConcurrency { get; init; }

    /// <summary>The app's variables, the fn's over them.</summary>
    public required SortedDictionary<string, string> Config { get; init; }

    /// <summary>The app's annotations, the fn's over them. Values are JSON.</summary>
    public required SortedDictionary<string, string> Annotations { get; init; }

    public string? SyslogUrl { get; init; }

    public static FnSpec Of(FnApp app, Fn fn) => new()
    {
        FnId = fn.Id,
        FnName = fn.Name,
        AppId = app.Id,
        AppName = app.Name,
        Image = fn.Image,
        Memory = fn.Memory,
        Timeout = fn.Timeout,
        IdleTimeout = fn.IdleTimeout,
        TmpfsSize = fn.TmpfsSize,
        Cpus = fn.Cpus,
        MaxConcurrency = fn.MaxConcurrency,
        Config = Over(app.Config, fn.Config),
        Annotations = Over(app.Annotations, fn.Annotations),
        SyslogUrl = app.SyslogUrl,
    };

    public string ToJson() => JsonSerializer.Serialize(this, FnJson.Options);

    /// <exception cref="JsonException">It is no spec.</exception>
    public static FnSpec FromJson(string json) => JsonSerializer.Deserialize<FnSpec>(json, FnJson.Options)!;

    public static byte[] HashOf(string json) => SHA256.HashData(Encoding.UTF8.GetBytes(json));

    private static SortedDictionary<string, string> Over(SortedDictionary<string, string> lower, SortedDictionary<string, string> upper)
    {
        var joined = new SortedDictionary<string, string>(lower, StringComparer.Ordinal);
        foreach (var (key, value) in upper)
            joined[key] = value;
        return joined;
    }
}
