using Orchestrator.Local.Servers;

namespace Orchestrator.Local.Run;

/// <summary>What <c>./run</c> keeps in <c>.run/</c> of the checkout.</summary>
internal static class RunPaths
{
    public static string Directory { get; } = Checkout.RunDirectory();

    public static string Logs { get; } = Checkout.RunDirectory("logs");

    public static string Functions { get; } = Checkout.RunDirectory("functions");

    /// <summary>Snapshots and clones, where the checkout's own file system holds them.</summary>
    public static string Clones { get; } = Checkout.RunDirectory("clones");

    /// <summary>The file system of snapshots and clones, where it is one of their own.</summary>
    public static string ClonesDisk { get; } = Checkout.RunDirectory("clones-disk");

    /// <summary>Dumps that snapshots may be made of.</summary>
    public static string Dumps { get; } = Checkout.RunDirectory("dumps");

    /// <summary>The random admin token and webhook secret; they survive restarts.</summary>
    public static string Secrets { get; } = Checkout.RunDirectory("secrets");

    /// <summary>Addresses, secrets and pids for the user's shell, while up.</summary>
    public static string Env { get; } = Checkout.RunDirectory("env");

    /// <summary>Held by the running <c>./run</c>; the script tests it too.</summary>
    public static string Lock { get; } = Checkout.RunDirectory("run.lock");

    /// <summary>Where the running <c>./run</c> is to be found, in one line for a second one to show.</summary>
    public static string Up { get; } = Checkout.RunDirectory("up");

    public static string Log(string name) => Path.Combine(Logs, name + ".log");

    /// <summary>As a user in the checkout would type it.</summary>
    public static string Relative(string path) => Path.GetRelativePath(Checkout.Root, path);
}
