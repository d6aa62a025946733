using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Orchestrator.Ledger;

/// <summary>
/// Sends commands about jobs at a steady rate, one half by AMQP and one half as GitHub's deliveries, and writes down
/// when each was attempted and acknowledged. Every command is repeated, unchanged, until it is acknowledged.
/// </summary>
internal static class Generator
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);

    public static async Task<int> RunAsync(Uri amqp, Uri api, string file, int rate)
    {
        using var stop = new CancellationTokenSource();
        using var signal = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });
        await using var journal = new AppendOnlyFile(file);
        await using var bus = new BusSender(amqp);
        using var webhook = new WebhookSender(api);
        var sent = new List<Task>();
        var clock = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(Tick);
        var script = JobScript.All().GetEnumerator();
        while (!stop.IsCancellationRequested && await timer.WaitForNextTickAsync(CancellationToken.None))
        {
            while (sent.Count < clock.Elapsed.TotalSeconds * rate && script.MoveNext())
                sent.AddRange(script.Current.Select(command => SendAsync(command, bus, webhook, journal)));
        }

        await Task.WhenAll(sent);
        return 0;
    }

    private static async Task SendAsync(JobCommand command, BusSender bus, WebhookSender webhook, AppendOnlyFile journal)
    {
        await journal.WriteAsync("attempted", command.Kind, command.Job, Stopwatch.GetTimestamp());
        ISender sender = command.IsWebhook ? webhook : bus;
        for (var pause = 50; !await sender.TryAsync(command); pause = Math.Min(pause * 2, 500))
            await Task.Delay(pause, CancellationToken.None);
        await journal.WriteAsync("acknowledged", command.Kind, command.Job, Stopwatch.GetTimestamp());
    }
}

/// <summary>One command and the message that carries it.</summary>
internal sealed record JobCommand(string Kind, int Number, bool IsWebhook)
{
    public string MessageId { get; } = Guid.CreateVersion7().ToString();

    public string Platform => IsWebhook ? "github" : "gitlab";

    public string Id => Number.ToString(CultureInfo.InvariantCulture);

    public string Job => $"{Platform}/{Id}";

    /// <summary>Every third job fits no flavor.</summary>
    public string Label => Number % 3 == 0 ? "none-has-this" : "large";
}

internal interface ISender
{
    /// <summary>False when it is not known to be stored.</summary>
    Task<bool> TryAsync(JobCommand command);
}

/// <summary>
/// Jobs whose lives overlap: each is announced, three of four start some commands later, two of four end. Now and then
/// a later command overtakes an earlier one; then both are in one step, so that no end of the script parts them.
/// </summary>
internal static class JobScript
{
    private const int Overlap = 40;

    public static IEnumerable<IEnumerable<JobCommand>> All()
    {
        for (var number = 1; ; number++)
            yield return Step(number);
    }

    private static IEnumerable<JobCommand> Step(int number)
    {
        var isHasty = number % 10 == 0;
        if (isHasty)
            yield return new("complete", number, number % 4 < 2);
        yield return new("enqueue", number, number % 4 < 2);
        if (number > Overlap && (number - Overlap) % 5 != 0)
            yield return new("start", number - Overlap, (number - Overlap) % 4 < 2);
        if (number > 2 * Overlap && (number - (2 * Overlap)) % 5 is not (0 or 1) && (number - (2 * Overlap)) % 10 != 0)
            yield return new("complete", number - (2 * Overlap), (number - (2 * Overlap)) % 4 < 2);
    }
}
