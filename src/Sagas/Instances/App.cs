namespace Orchestrator.Sagas.Instances;

/// <summary>What instances are instances of: a program, and how it is kept alive.</summary>
public sealed class App
{
    /// <summary>Drawn by the database.</summary>
    public long Id { get; init; }

    /// <summary>Unique, 1 to 100 characters.</summary>
    public required string Name { get; set; }

    /// <summary>What to run: a folder <c>name:tag</c> or a docker image. Null: the command alone, on the programs of the node.</summary>
    public string? Image { get; set; }

    /// <summary>Program and arguments; empty: the image's own.</summary>
    public string[] Command { get; set; } = [];

    /// <summary>Variables of the program.</summary>
    public Dictionary<string, string> Env { get; set; } = new(StringComparer.Ordinal);

    /// <summary>
    /// Ports that the program listens on. Each instance gets a free port of its node for each: the first in <c>PORT</c>,
    /// all of them in <c>PORT_n</c>, n being the port named here.
    /// </summary>
    public int[] Ports { get; set; } = [];

    public HealthCheck HealthCheck { get; set; } = new();

    public RestartPolicy RestartPolicy { get; set; } = new();

    /// <summary>From the signal to the kill; null: the configured one.</summary>
    public double? GraceSeconds { get; set; }

    /// <summary>Instances at once; null: the configured limit.</summary>
    public int? InstanceLimit { get; set; }

    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>When an instance is well.</summary>
public sealed record HealthCheck
{
    /// <summary><c>process</c>: it runs; <c>tcp</c>: its port takes connections; <c>http</c>: its page answers 200 to 399.</summary>
    public string Type { get; init; } = HealthCheckTypes.Process;

    /// <summary>One of the app's ports. Default: its first.</summary>
    public int? Port { get; init; }

    /// <summary>Path of the page. Default: <c>/</c>.</summary>
    public string Path { get; init; } = "/";

    /// <summary>From one check to the next. Default: 1 second.</summary>
    public double IntervalSeconds { get; init; } = 1;

    /// <summary>How long one check may take. Default: 1 second.</summary>
    public double TimeoutSeconds { get; init; } = 1;

    /// <summary>Passes in a row that make it healthy. Default: 1.</summary>
    public int HealthyThreshold { get; init; } = 1;

    /// <summary>Failures in a row that make a running one unhealthy. Default: 3.</summary>
    public int UnhealthyThreshold { get; init; } = 3;

    /// <summary>How long a start may take before failures count; null: as long as the deadline allows.</summary>
    public double? InitialDelaySeconds { get; init; }
}

/// <summary>The values of <see cref="HealthCheck.Type"/>.</summary>
public static class HealthCheckTypes
{
    public const string Process = "process";
    public const string Tcp = "tcp";
    public const string Http = "http";

    public static readonly IReadOnlyList<string> All = [Process, Tcp, Http];
}

/// <summary>What becomes of an instance that ends by itself, or with its node.</summary>
public sealed record RestartPolicy
{
    /// <summary><c>always</c>, <c>on-failure</c> (the default) or <c>no</c>.</summary>
    public string Mode { get; init; } = RestartModes.OnFailure;

    /// <summary>Restarts within the window; then it stays failed. Default: 3.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>Default: 600 seconds.</summary>
    public double WindowSeconds { get; init; } = 600;

    /// <summary>Wait before the first restart; doubled for each one after it, with up to a quarter of jitter. Default: 1 second.</summary>
    public double DelaySeconds { get; init; } = 1;

    /// <summary>The longest wait. Default: 60 seconds.</summary>
    public double MaxDelaySeconds { get; init; } = 60;

    /// <summary>The wait before restart number <paramref name="restart"/>, from 0, with jitter.</summary>
    /// <param name="restart">How many there were within the window.</param>
    /// <param name="jitter">0 to 1.</param>
    public TimeSpan Delay(int restart, double jitter) =>
        TimeSpan.FromSeconds(Math.Min(DelaySeconds * Math.Pow(2, Math.Min(restart, 30)), MaxDelaySeconds) * (1 + (jitter / 4)));
}

/// <summary>The values of <see cref="RestartPolicy.Mode"/>.</summary>
public static class RestartModes
{
    public const string Always = "always";
    public const string OnFailure = "on-failure";
    public const string No = "no";

    public static readonly IReadOnlyList<string> All = [Always, OnFailure, No];
}
