namespace Orchestrator.Tests.Calls;

/// <summary>The functions that tests run.</summary>
internal static class TestFunctions
{
    /// <summary>Does what its body says: <c>sleep MS</c>, <c>fail</c>; anything else comes back.</summary>
    public const string Probe = "probe:1";

    public static (string Key, string Value)[] Settings => [];
}
