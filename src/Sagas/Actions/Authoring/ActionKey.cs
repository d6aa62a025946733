namespace Orchestrator.Sagas.Actions.Authoring;

/// <summary>
/// What an action is found by. A pair, not one text made of two: "ab" and "c" are not "a" and "bc".
/// </summary>
/// <param name="Application">Empty: the generic action of that name.</param>
/// <param name="Name">Unique within the application.</param>
public readonly record struct ActionKey(string Application, string Name)
{
    /// <exception cref="NoActionNameException">There is no name.</exception>
    public static ActionKey Of(string? application, string? name) =>
        string.IsNullOrEmpty(name) ? throw new NoActionNameException() : new ActionKey(application ?? "", name);

    internal static string Describe(string? application, string action) =>
        string.IsNullOrEmpty(application) ? action : $"{action} of application {application}";
}
