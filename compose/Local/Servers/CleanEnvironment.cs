namespace Orchestrator.Local.Servers;

/// <summary>The environment that children get: what a program needs to run, and nothing of the caller's.</summary>
public static class CleanEnvironment
{
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>PATH and LANG; DOTNET_ROOT and TZ when the caller has them.</summary>
    public static Dictionary<string, string> Create()
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? DefaultPath,
            ["LANG"] = "C.UTF-8",
        };
        foreach (var name in (string[])["DOTNET_ROOT", "TZ"])
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
                environment[name] = value;
        }

        return environment;
    }
}
