namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>Something wrong with a definition, and where.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
/// <param name="Path">Of the value, such as <c>jobs[0].with.url</c>; empty: the definition as a whole.</param>
/// <param name="Problem">What is wrong and what is allowed.</param>
public sealed record DefinitionError(int Line, int Column, string Path, string Problem)
{
    public override string ToString() =>
        $"line {Line}, column {Column}: {(Path.Length == 0 ? "" : $"{Path}: ")}{Problem}";
}

/// <summary>A definition that is refused, as a whole; nothing of it is registered.</summary>
/// <param name="errors">At least one, in the order of the text.</param>
public sealed class InvalidDefinitionException(IReadOnlyList<DefinitionError> errors)
    : Exception(string.Join('\n', errors))
{
    public IReadOnlyList<DefinitionError> Errors { get; } = errors;
}
