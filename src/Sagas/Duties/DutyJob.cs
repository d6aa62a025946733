using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;
using Quartz;

namespace Orchestrator.Sagas.Duties;

/// <summary>
/// Runs a duty when Quartz says so, unless another replica is at it: an advisory lock, which the database drops when
/// its holder dies, decides.
/// </summary>
[DisallowConcurrentExecution]
public sealed class DutyJob<TDuty>(TDuty duty, NpgsqlDataSource source, ILogger<TDuty> logger) : IJob
    where TDuty : class, IDuty
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            if (!await TryLockAsync(connection, cancellationToken))
                return;
            try
            {
                await duty.RunAsync(cancellationToken);
            }
            finally
            {
                await UnlockAsync(connection);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            logger.LogDebug("Duty {Duty} was interrupted", duty.Name);
        }
        catch (Exception exception) when (Transient.Is(exception))
        {
            logger.LogWarning("Duty {Duty} has to wait: {Reason}", duty.Name, exception.GetBaseException().Message);
        }
    }

    private async Task<bool> TryLockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT pg_try_advisory_lock($1, hashtext($2))", connection);
        command.Parameters.Add(new() { Value = AdvisoryLocks.Duty });
        command.Parameters.Add(new() { Value = duty.Name });
        return await KeepingOutOfThePoolAsync(() => command.ExecuteScalarAsync(cancellationToken)) is true;
    }

    private async Task UnlockAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("SELECT pg_advisory_unlock($1, hashtext($2))", connection);
        command.Parameters.Add(new() { Value = AdvisoryLocks.Duty });
        command.Parameters.Add(new() { Value = duty.Name });
        await KeepingOutOfThePoolAsync(() => command.ExecuteScalarAsync(CancellationToken.None));
    }

    // A statement that was given up may have taken the lock, or not have let go of it.
    private async Task<object?> KeepingOutOfThePoolAsync(Func<Task<object?>> execute)
    {
        try
        {
            return await execute();
        }
        catch
        {
            source.Clear();
            throw;
        }
    }
}

/// <summary>Registers duties with Quartz.</summary>
public static class DutyRegistration
{
    /// <summary>Adds a duty; its interval is read when the scheduler starts.</summary>
    public static IServiceCollection AddDuty<TDuty>(this IServiceCollection services)
        where TDuty : class, IDuty
    {
        services.AddSingleton<TDuty>();
        services.AddTransient<DutyJob<TDuty>>();
        services.AddSingleton<DutyStart>(provider => Start(provider.GetRequiredService<TDuty>()));
        return services;

        static DutyStart Start(TDuty duty) =>
            new(duty, JobBuilder.Create<DutyJob<TDuty>>().WithIdentity(duty.Name, DutyStart.Group).Build());
    }

    /// <summary>The scheduler that runs the duties.</summary>
    public static IServiceCollection AddDutyScheduler(this IServiceCollection services)
    {
        services.AddQuartz();
        services.AddHostedService<DutyScheduler>();
        services.AddQuartzHostedService(options => options.WaitForJobsToComplete = true);
        return services;
    }
}

/// <summary>A duty and the job that runs it.</summary>
public sealed record DutyStart(IDuty Duty, IJobDetail Job)
{
    public const string Group = "duties";
}
