namespace Orchestrator.Api.Auth;

/// <summary>What a token may be made for.</summary>
public static class Scopes
{
    public const string Jobs = "jobs";
    public const string Calls = "calls";
    public const string Actions = "actions";
    public const string Instances = "instances";
    public const string Clones = "clones";

    /// <summary>Dead letters, and events of everything.</summary>
    public const string Operate = "operate";

    public static readonly IReadOnlyList<string> All = [Jobs, Calls, Actions, Instances, Clones, Operate];
}
