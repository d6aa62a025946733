using System.Diagnostics.CodeAnalysis;

namespace Orchestrator.Bench;

/// <summary>What to measure and how much of it.</summary>
public sealed record BenchOptions
{
    public const string Usage = """
        usage: ./bench [jobs | jobs-intake | jobs-webhook | jobs-pressure | saga | actions | instances | clones] [OPTIONS]
          --quick               a small dose: 60,000 messages, 100,000 completed and 20,000 waiting jobs, 5 seconds
          --messages N          messages by each path                                   (500000)
          --rounds N            rounds of each path, alternating                        (5)
          --completed N         completed jobs in the table                             (5000000)
          --waiting N           waiting jobs in the table                               (1000000)
          --sagas N             sagas of ten transitions in a round                     (2000)
          --seconds N           length of each paced load                               (30)
          --rate N              paced requests per second                               (200)
          --deployments N       deployments of six jobs by 1, 2 and 4 workers           (4000)
          --in-flight N         deployments of six jobs at once                         (10000)
          --starts N            instances started, one at a time and many at once       (200)
          --flavors N           flavors that the controller looks at                    (200)
          --clones N            clones of each size by each provider                    (15)
          --megabytes N         the larger database that is cloned; the other has 0.3   (1000)
          --form FORM           body of the commands: camel, snake, envelope            (camel)
          --set KEY=VALUE       a setting of our hosts, as an environment variable
          --other KEY=VALUE     measures a second worker with this setting beside ours, in rounds of its own
          --other-worker FILE   the second worker's program, such as that of another build
          --postgres KEY=VALUE  a parameter of the private Postgres
        """;

    // Pressure first: the others change how many jobs wait.
    private static readonly string[] Names = ["jobs-pressure", "jobs-webhook", "jobs-intake", "saga", "actions", "instances", "clones"];

    /// <summary>Names of the scenarios to run.</summary>
    public required IReadOnlyList<string> Scenarios { get; init; }

    public int Messages { get; init; } = 500_000;
    public int Rounds { get; init; } = 5;
    public int Completed { get; init; } = 5_000_000;
    public int Waiting { get; init; } = 1_000_000;
    public int Sagas { get; init; } = 2_000;
    public int Seconds { get; init; } = 30;
    public int Rate { get; init; } = 200;
    public int Deployments { get; init; } = 4_000;
    public int InFlight { get; init; } = 10_000;
    public int Starts { get; init; } = 200;
    public int Flavors { get; init; } = 200;
    public int Clones { get; init; } = 15;
    public int CloneMegabytes { get; init; } = 1_000;
    public string Form { get; init; } = "camel";
    public Dictionary<string, string> HostSettings { get; } = new(StringComparer.Ordinal);
    public Dictionary<string, string> OtherSettings { get; } = new(StringComparer.Ordinal);
    public string? OtherWorker { get; init; }
    public Dictionary<string, string> PostgresSettings { get; } = new(StringComparer.Ordinal);

    public bool HasOther => OtherWorker is not null || OtherSettings.Count > 0;

    /// <summary>True when the tables of jobs are to be filled.</summary>
    public bool NeedsJobs => Scenarios.Any(name => name.StartsWith("jobs", StringComparison.Ordinal));

    private BenchOptions Quick() => this with { Messages = 60_000, Rounds = 3, Completed = 100_000, Waiting = 20_000, Seconds = 5, Sagas = 500, Deployments = 1_000, InFlight = 3_000, Starts = 40, Clones = 5, CloneMegabytes = 300 };

    public static bool TryParse(string[] args, [NotNullWhen(true)] out BenchOptions? options, out string problem)
    {
        (options, problem) = (null, Usage);
        var parsed = new BenchOptions { Scenarios = Names };
        var left = new Queue<string>(args);
        if (left.TryPeek(out var first) && !first.StartsWith('-'))
        {
            left.Dequeue();
            var wanted = Names.Where(name => name == first || name.StartsWith(first + "-", StringComparison.Ordinal)).ToList();
            if (wanted.Count == 0)
                return false;
            parsed = parsed with { Scenarios = wanted };
        }

        while (left.TryDequeue(out var name))
        {
            if (name is "--quick")
                parsed = parsed.Quick();
            else if (left.TryDequeue(out var value) && parsed.With(name, value) is { } next)
                parsed = next;
            else
                return false;
        }

        options = parsed;
        return true;
    }

    private BenchOptions? With(string name, string value)
    {
        switch (name)
        {
            case "--set":
                return AddTo(HostSettings, value);
            case "--postgres":
                return AddTo(PostgresSettings, value);
            case "--other":
                return AddTo(OtherSettings, value);
            case "--other-worker":
                return this with { OtherWorker = Path.GetFullPath(value) };
            case "--form":
                return value is "camel" or "snake" or "envelope" ? this with { Form = value } : null;
        }

        if (!int.TryParse(value, out var number) || number < 1)
            return null;
        return name switch
        {
            "--messages" => this with { Messages = number },
            "--rounds" => this with { Rounds = number },
            "--completed" => this with { Completed = number },
            "--waiting" => this with { Waiting = number },
            "--sagas" => this with { Sagas = number },
            "--seconds" => this with { Seconds = number },
            "--rate" => this with { Rate = number },
            "--deployments" => this with { Deployments = number },
            "--in-flight" => this with { InFlight = number },
            "--starts" => this with { Starts = number },
            "--flavors" => this with { Flavors = number },
            "--clones" => this with { Clones = number },
            "--megabytes" => this with { CloneMegabytes = number },
            _ => null,
        };
    }

    private BenchOptions? AddTo(Dictionary<string, string> settings, string pair)
    {
        if (pair.Split('=', 2) is not [var key, var value])
            return null;
        settings[key] = value;
        return this;
    }
}
