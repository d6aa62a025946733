using System.Security.Cryptography;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Orchestrator.Sagas.Persistence.Outbox;

/// <summary>
/// Marks this process's outbox rows as looked after: a session advisory lock on <see cref="Id"/> that Postgres drops
/// the moment the process is gone, so that another one may take its rows at once.
/// </summary>
public sealed class OutboxOwner(NpgsqlDataSource source, ILogger<OutboxOwner> logger) : BackgroundService
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(2);

    private readonly TaskCompletionSource _locked = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Drawn at start; written into every outbox row of this process.</summary>
    public int Id { get; } = RandomNumberGenerator.GetInt32(int.MaxValue);

    /// <summary>Completes when the lock is held for the first time.</summary>
    public Task Locked => _locked.Task;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await HoldLockAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                logger.LogWarning("The outbox lock was lost: {Reason}", exception.GetBaseException().Message);
                await Task.Delay(CheckInterval / 4, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task HoldLockAsync(CancellationToken stoppingToken)
    {
        await using var connection = await source.OpenConnectionAsync(stoppingToken);
        await using (var take = new NpgsqlCommand("SELECT pg_advisory_lock($1, $2)", connection))
        {
            take.Parameters.Add(new() { Value = AdvisoryLocks.OutboxOwner });
            take.Parameters.Add(new() { Value = Id });
            await take.ExecuteNonQueryAsync(stoppingToken);
        }

        _locked.TrySetResult();
        try
        {
            using var timer = new PeriodicTimer(CheckInterval);
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await using var check = new NpgsqlCommand("SELECT 1", connection);
                await check.ExecuteNonQueryAsync(stoppingToken);
            }
        }
        finally
        {
            source.Clear();
        }
    }
}
