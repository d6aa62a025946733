namespace Orchestrator.Local.Run;

/// <summary>The last lines of the start: where everything is.</summary>
internal static class Summary
{
    public static void Print(RunConsole console, Installation installation, bool staysUp)
    {
        console.Blank();
        if (staysUp)
        {
            console.Pair("Orchestrator", installation.Url.AbsoluteUri);
            console.Pair("API docs", new Uri(installation.Url, "/docs").AbsoluteUri);
            console.Pair("Admin token", console.IsTerminal ? installation.Secrets.AdminToken : $"in {RunPaths.Relative(RunPaths.Env)}");
            console.Pair("For a shell", $"source {RunPaths.Relative(RunPaths.Env)}");
        }

        console.Pair("Logs", RunPaths.Relative(RunPaths.Logs) + "/");
        console.Blank();
        if (staysUp)
        {
            console.Pair("", "Ctrl-C stops everything; the data stays for the next ./run.");
            console.Blank();
        }
    }
}
