using System.Text;
using System.Text.RegularExpressions;
using FluentValidation;
using Orchestrator.Sagas.Jobs;

namespace Orchestrator.Sagas.Clones;

/// <summary>The rules that commands about clones and snapshots share, by bus and by HTTP.</summary>
public static partial class CloneRules
{
    public const int MaxIdLength = 48;
    public const int MaxSnapshotIdLength = 80;
    public const int MaxTextLength = 255;
    public const int MaxMinutes = 525_600;

    /// <summary>Longest name of Postgres, in bytes of UTF-8.</summary>
    public const int MaxNameBytes = 63;

    public static IRuleBuilderOptions<T, string> CloneId<T>(this IRuleBuilder<T, string> rule) =>
        rule.Must(id => id is { Length: > 0 and <= MaxIdLength } && CloneIdPattern().IsMatch(id))
            .WithMessage($"'{{PropertyName}}' must be a letter or digit, then letters, digits, '_', '.' and '-', {MaxIdLength} characters at most.");

    public static IRuleBuilderOptions<T, string?> SnapshotId<T>(this IRuleBuilder<T, string?> rule) =>
        rule.Must(id => id is null || (id.Length is > 0 and <= MaxSnapshotIdLength && SnapshotIdPattern().IsMatch(id)))
            .WithMessage($"'{{PropertyName}}' must be a letter or digit, then letters, digits, '@', '_', '.' and '-', {MaxSnapshotIdLength} characters at most.");

    /// <summary>A role or a database: any text that Postgres takes as a name.</summary>
    public static IRuleBuilderOptions<T, string?> PostgresName<T>(this IRuleBuilder<T, string?> rule) =>
        rule.Must(name => name is null || IsPostgresName(name))
            .WithMessage($"'{{PropertyName}}' must be text of 1 to {MaxNameBytes} bytes without control characters.");

    public static IRuleBuilderOptions<T, string?> ShortText<T>(this IRuleBuilder<T, string?> rule) =>
        rule.Must(text => text is null || IsText(text))
            .WithMessage($"'{{PropertyName}}' must be text of at most {MaxTextLength} characters without control characters.");

    public static IRuleBuilderOptions<T, int?> Minutes<T>(this IRuleBuilder<T, int?> rule) =>
        rule.InclusiveBetween(0, MaxMinutes).WithMessage($"'{{PropertyName}}' must be a number of minutes from 0 to {MaxMinutes}.");

    public static IRuleBuilderOptions<T, string> ScramVerifier<T>(this IRuleBuilder<T, string> rule) =>
        rule.Must(verifier => verifier is not null && VerifierPattern().IsMatch(verifier))
            .WithMessage("'{PropertyName}' must be a verifier of SCRAM-SHA-256, as Postgres keeps it.");

    public static bool IsPostgresName(string name) =>
        name.Length > 0 && IsText(name) && Encoding.UTF8.GetByteCount(name) <= MaxNameBytes;

    public static bool IsText(string text) => text.Length <= MaxTextLength && !text.Any(char.IsControl) && JobRules.IsStorable(text);

    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9_.\-]*\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CloneIdPattern();

    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9_.@\-]*\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SnapshotIdPattern();

    [GeneratedRegex(@"^SCRAM-SHA-256\$[0-9]{1,9}:[A-Za-z0-9+/=]{1,100}\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex VerifierPattern();
}
