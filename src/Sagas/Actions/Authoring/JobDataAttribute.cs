namespace Orchestrator.Sagas.Actions.Authoring;

/// <summary>
/// The name under which data of a type is stored. It outlives the type's own name: once deployed it never changes.
/// </summary>
/// <param name="alias">Unique, such as <c>launch.input</c>; 1 to 100 lower-case letters, digits, dots and hyphens.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum)]
public sealed class JobDataAttribute(string alias) : Attribute
{
    public string Alias { get; } = alias;
}
