using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>A definition that has been checked.</summary>
public sealed record DeclaredAction
{
    public required ActionKey Key { get; init; }
    public string? Description { get; init; }
    public RollbackFailurePolicy RollbackFailure { get; init; }

    /// <summary>What it takes, by name; null: any object.</summary>
    public IReadOnlyDictionary<string, DeclaredInput>? Input { get; init; }
    public required IReadOnlyList<DeclaredJob> Jobs { get; init; }

    /// <summary>The definition as JSON with its members in order: two texts that say the same give the same.</summary>
    public required JsonObject Document { get; init; }
}

/// <summary>A job of a declared action.</summary>
/// <param name="Name">Unique in the action.</param>
/// <param name="Uses">What it is.</param>
/// <param name="With">Its parameters, references and all.</param>
/// <param name="Policy">Null: what the built-in job thinks best.</param>
public sealed record DeclaredJob(string Name, IBuiltInJob Uses, JsonObject With, DeclaredPolicy? Policy);

/// <summary>One member of the input.</summary>
/// <param name="Type">string, integer, number, boolean, object, array or any.</param>
/// <param name="IsRequired">False where it may be left out.</param>
/// <param name="Default">What stands for it when it is left out.</param>
/// <param name="Schema">JSON Schema of it.</param>
public sealed record DeclaredInput(string Type, bool IsRequired, JsonNode? Default, JsonObject Schema);

/// <summary>What stands under <c>policy</c>.</summary>
public sealed record DeclaredPolicy
{
    [Description("Attempts in all."), Range(1, 1000)]
    public int? Attempts { get; init; }

    [Description("Attempts to undo the job, in all."), Range(1, 1000)]
    public int? RollbackAttempts { get; init; }

    [Description("Pause before the second attempt; it doubles with every further one."), Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan? FirstPause { get; init; }

    [Description("The longest pause."), Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan? LongestPause { get; init; }

    [Description("How much of a pause is drawn by lot, 0 to 1."), Range(0.0, 1.0)]
    public double? Jitter { get; init; }

    [Description("How long one attempt may take."), Range(typeof(TimeSpan), "00:00:00.100", "30.00:00:00")]
    public TimeSpan? Timeout { get; init; }

    /// <summary>The policy of the built-in job with what is said here.</summary>
    public JobPolicy Apply(JobPolicy standard)
    {
        var first = FirstPause ?? (LongestPause < standard.FirstPause ? LongestPause.Value : standard.FirstPause);
        var longest = LongestPause ?? standard.LongestPause;
        return standard with
        {
            Attempts = Attempts ?? standard.Attempts,
            RollbackAttempts = RollbackAttempts ?? standard.RollbackAttempts,
            FirstPause = first,
            LongestPause = longest > first ? longest : first,
            Jitter = Jitter ?? standard.Jitter,
            Timeout = Timeout ?? standard.Timeout,
        };
    }
}
