using System.Diagnostics;
using System.Threading.Channels;
using Npgsql;
using Orchestrator.Workers.Clones.Postgres;
using Orchestrator.Workers.Clones.Storage;

namespace Orchestrator.Workers.Clones;

/// <summary>Starts a clone's Postgres again when it ends without being asked to, and says so.</summary>
internal sealed class CloneSupervision(CloneStorage storage, ChannelWriter<CloneReport> changes, ILogger log, Func<bool> isClosing)
{
    private const int Attempts = 5;
    private const int RestartsPerMinute = 10;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    public static CloneReport ReportOf(CloneStorage storage, CloneSeat seat)
    {
        var record = seat.Record!;
        return new CloneReport
        {
            CloneId = seat.Id,
            SnapshotId = record.SnapshotId,
            Revision = record.Revision,
            State = seat.State,
            Reason = seat.State is CloneState.Failed ? seat.Reason : "",
            Host = storage.Options.AccessHost.Length > 0 ? storage.Options.AccessHost : storage.Options.ListenAddress,
            Port = record.Port,
            Provider = record.Provider,
            Took = record.Took,
            LogicalSize = storage.Snapshot(record.SnapshotId)?.Report.LogicalSize ?? 0,
        };
    }

    /// <summary>Watches a process until it ends or is replaced.</summary>
    public void Watch(CloneSeat seat, PostgresProcess process, Func<Task> bringUp) => _ = Task.Run(async () =>
    {
        var code = await process.Exit;
        if (isClosing() || seat.Process != process)
            return;
        await seat.Gate.WaitAsync();
        try
        {
            if (!isClosing() && seat.Process == process && seat.Record is not null)
                await RestartAsync(seat, process, code, bringUp);
        }
        finally
        {
            seat.Gate.Release();
        }
    });

    private async Task RestartAsync(CloneSeat seat, PostgresProcess process, int code, Func<Task> bringUp)
    {
        log.LogWarning("Postgres of clone {CloneId} ended with {Code}: {Reason}", seat.Id, code, process.LastComplaint());
        seat.State = CloneState.Starting;
        changes.TryWrite(ReportOf(storage, seat));
        try
        {
            var pause = Pause(seat);
            for (var attempt = 1; ; attempt++)
            {
                await Task.Delay(pause, seat.Working);
                try
                {
                    await bringUp();
                    changes.TryWrite(ReportOf(storage, seat));
                    return;
                }
                catch (Exception exception) when (exception is CloneFailedException or IOException or NpgsqlException && attempt < Attempts)
                {
                    log.LogWarning("Clone {CloneId} does not start again, attempt {Attempt}: {Reason}", seat.Id, attempt, exception.Message);
                    pause = pause + pause + FirstPause;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // It is being destroyed, or the host closes.
        }
        catch (Exception exception)
        {
            log.LogError(exception, "Clone {CloneId} is given up", seat.Id);
            (seat.State, seat.Reason) = (CloneState.Failed, exception.Message);
            changes.TryWrite(ReportOf(storage, seat));
        }
    }

    /// <summary>None at first; a second for each restart in a minute that has seen many.</summary>
    private static TimeSpan Pause(CloneSeat seat)
    {
        seat.Restarts.Enqueue(Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(seat.Restarts.Peek()) > Window)
            seat.Restarts.Dequeue();
        return seat.Restarts.Count <= RestartsPerMinute ? TimeSpan.Zero : TimeSpan.FromSeconds(seat.Restarts.Count - RestartsPerMinute);
    }
}
