using System.Diagnostics;
using Orchestrator.Bench.Stand;

namespace Orchestrator.Bench.Intake;

/// <summary>Publishes a dose and watches the database until all of it has arrived.</summary>
public sealed class IntakeMeter(TestStand stand, string form)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(25);

    /// <param name="path">Which way.</param>
    /// <param name="round">Makes the ids its own.</param>
    /// <param name="messages">How many.</param>
    /// <param name="countedBefore">Sum of the counters before.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<IntakeRound> MeasureAsync(
        IntakePath path, int round, int messages, long countedBefore, CancellationToken cancellationToken)
    {
        var commands = new Command[messages];
        for (var i = 0; i < messages; i++)
            commands[i] = Command.Create(round, i, form, TimeProvider.System);
        await Preload.FoldAsync(stand.Many, cancellationToken);
        await stand.Many.ExecuteAsync("CHECKPOINT", cancellationToken);
        GC.Collect();

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Patience);
        var before = CpuSeconds.Now(stand, path.ConsumerPid);
        var clock = Stopwatch.StartNew();
        try
        {
            var publish = path.Publisher.PublishAsync(path.Exchange, Command.ContentType(form), commands, deadline.Token);
            var confirmed = publish.ContinueWith(_ => clock.Elapsed, deadline.Token, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            // The counters are committed with the rows: when the sum is there, so is every row.
            await UntilAsync($"SELECT coalesce(sum(delta), 0) = {countedBefore + messages} FROM pressure_delta", deadline.Token);
            var rowsIn = clock.Elapsed;
            await UntilAsync("SELECT NOT EXISTS (SELECT FROM outbox)", deadline.Token);
            var done = clock.Elapsed;
            await publish;
            return new IntakeRound(messages, await confirmed, rowsIn, done, CpuSeconds.Now(stand, path.ConsumerPid) - before);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new MeasurementException($"{path.Name}: after {Patience} not all of {messages:N0} messages have arrived.");
        }
    }

    private async Task UntilAsync(string condition, CancellationToken cancellationToken)
    {
        using var pause = new PeriodicTimer(PollInterval);
        while (!await stand.Many.ScalarAsync<bool>(condition, cancellationToken))
            await pause.WaitForNextTickAsync(cancellationToken);
    }
}
