namespace Orchestrator.Sagas.Actions.Authoring;

/// <summary>A value as it is stored.</summary>
/// <param name="Type">Alias of its type.</param>
/// <param name="Json">The value; <c>null</c> when an entry holds nothing.</param>
public sealed record JobValue(string Type, string Json)
{
    /// <summary>What a deployment without an input begins with.</summary>
    public static readonly JobValue Empty = new(DataTypes.NilAlias, "{}");
}
