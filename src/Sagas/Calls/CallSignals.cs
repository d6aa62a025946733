using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Orchestrator.Sagas.Calls;

/// <summary>
/// What the processes tell each other about calls, over LISTEN and NOTIFY: fns have changed, calls wait, a call was
/// cancelled. Nothing depends on it but the time that things take: whoever misses a signal finds out by looking.
/// </summary>
public sealed class CallSignals(NpgsqlDataSource source, ILogger<CallSignals> logger) : BackgroundService
{
    public const string Channel = "orchestrator_calls";
    public const string FnsChanged = "fns";
    public const string Queued = "queued";
    public const string CancelledPrefix = "cancelled:";

    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReconnectPause = TimeSpan.FromMilliseconds(500);

    /// <summary>A notification takes a lock of the whole database at its commit: a few a second are free.</summary>
    private static readonly TimeSpan AnnouncePause = TimeSpan.FromMilliseconds(25);

    private readonly SemaphoreSlim _announce = new(0, 1);

    private Action? _fnsChanged;
    private Action? _queued;
    private Action<string>? _cancelled;

    /// <summary>True while every signal of others arrives.</summary>
    public bool IsListening { get; private set; }

    /// <summary>Calls <paramref name="act"/> when apps, fns or triggers have changed, or may have without our hearing of it.</summary>
    public void WhenFnsChange(Action act) => _fnsChanged += act;

    /// <summary>Calls <paramref name="act"/> when calls wait to be started.</summary>
    public void WhenQueued(Action act) => _queued += act;

    /// <summary>Calls <paramref name="act"/> with the id of each call that is cancelled.</summary>
    public void WhenCancelled(Action<string> act) => _cancelled += act;

    /// <summary>Tells this process at once, and the others in a moment, that calls wait.</summary>
    public void AnnounceQueued()
    {
        _queued?.Invoke();
        lock (_announce)
        {
            if (_announce.CurrentCount == 0)
                _announce.Release();
        }
    }

    /// <summary>Forgets what this process remembers of fns, for a change of its own.</summary>
    public void ForgetFns() => _fnsChanged?.Invoke();

    public override void Dispose()
    {
        _announce.Dispose();
        base.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(ListenAsync(stoppingToken), AnnounceAsync(stoppingToken));

    private async Task ListenAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenOnceAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                logger.LogWarning("Signals about calls do not arrive: {Reason}", exception.GetBaseException().Message);
                await Task.Delay(ReconnectPause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ListenOnceAsync(CancellationToken stoppingToken)
    {
        await using var connection = await source.OpenConnectionAsync(stoppingToken);
        try
        {
            connection.Notification += (_, notification) => Receive(notification.Payload);
            await using (var listen = new NpgsqlCommand($"LISTEN {Channel}", connection))
                await listen.ExecuteNonQueryAsync(stoppingToken);
            IsListening = true;
            _fnsChanged?.Invoke();
            _queued?.Invoke();
            while (true)
            {
                if (await connection.WaitAsync(CheckInterval, stoppingToken))
                    continue;
                await using var check = new NpgsqlCommand("SELECT 1", connection);
                await check.ExecuteNonQueryAsync(stoppingToken);
            }
        }
        finally
        {
            IsListening = false;
            _fnsChanged?.Invoke();
            // It listens: it must not serve anybody else.
            source.Clear();
        }
    }

    private void Receive(string payload)
    {
        switch (payload)
        {
            case FnsChanged:
                _fnsChanged?.Invoke();
                break;
            case Queued:
                _queued?.Invoke();
                break;
            case var cancelled when cancelled.StartsWith(CancelledPrefix, StringComparison.Ordinal):
                _cancelled?.Invoke(cancelled[CancelledPrefix.Length..]);
                break;
        }
    }

    private async Task AnnounceAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await _announce.WaitAsync(stoppingToken);
                await TryAnnounceAsync(stoppingToken);
                await Task.Delay(AnnouncePause, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Others find the calls by looking.
        }
    }

    private async Task TryAnnounceAsync(CancellationToken stoppingToken)
    {
        try
        {
            await using var notify = source.CreateCommand($"NOTIFY {Channel}, '{Queued}'");
            await notify.ExecuteNonQueryAsync(stoppingToken);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            logger.LogDebug("Other workers were not told of waiting calls: {Reason}", exception.Message);
        }
    }
}
