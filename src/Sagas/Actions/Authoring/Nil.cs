namespace Orchestrator.Sagas.Actions.Authoring;

/// <summary>
/// No data. A job that takes it looks at no input; a job that returns it passes on the value that it was given, and the
/// check of types looks past it.
/// </summary>
public sealed record Nil
{
    public static readonly Nil Value = new();
}
