using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Hosting;

/// <summary>How a host of ours starts and fails to start.</summary>
public static class HostStart
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Settings files lie beside the program. The default, the current directory, is <c>/</c> for many a service, and
    /// the host would watch the whole file system for changes of its settings.
    /// </summary>
    public static WebApplicationOptions Options(string[] args) => new() { Args = args, ContentRootPath = AppContext.BaseDirectory };

    /// <summary>
    /// Runs a host. A wrong setting ends it with exit code 2 and one line on standard error that names the key.
    /// </summary>
    public static async Task<int> RunAsync(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (SettingException exception)
        {
            return Complain(exception.Message);
        }
        catch (OptionsValidationException exception)
        {
            return Complain(string.Join(' ', exception.Failures));
        }
        catch (InvalidOperationException exception) when (exception.Message.StartsWith("Failed to convert configuration value", StringComparison.Ordinal))
        {
            return Complain(exception.Message);
        }
    }

    /// <summary>Checks all settings before anything starts.</summary>
    /// <exception cref="OptionsValidationException">A setting is wrong.</exception>
    public static void ValidateSettings(this IServiceProvider services) =>
        services.GetRequiredService<IStartupValidator>().Validate();

    /// <summary>Migrates when <c>Database:MigrateAtStart</c> is set, and waits for a database that is not there yet.</summary>
    public static async Task MigrateIfToldAsync(this IServiceProvider services, CancellationToken cancellationToken = default)
    {
        if (!services.GetRequiredService<IOptions<DatabaseOptions>>().Value.MigrateAtStart)
            return;
        var duties = services.GetRequiredService<DatabaseDuties>();
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        while (true)
        {
            try
            {
                await duties.MigrateAsync(cancellationToken);
                return;
            }
            catch (NpgsqlException exception) when (exception.IsTransient)
            {
                services.GetRequiredService<ILogger<DatabaseDuties>>().LogWarning("Waiting for the database: {Reason}", exception.Message);
                await pause.WaitForNextTickAsync(cancellationToken);
            }
        }
    }

    /// <summary>
    /// Serves until the process is asked to stop. Whoever does not come to an end then is left: what this process
    /// held is taken over as after a death, and a supervisor would kill it anyway.
    /// </summary>
    /// <returns>The exit code: 1 when a host that had started could not stop in time.</returns>
    public static async Task<int> ServeAsync(this WebApplication app)
    {
        // Afterwards there may be no services any more to ask.
        var lifetime = app.Lifetime;
        var limit = app.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout + Grace;
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStopping.Register(() => asked.TrySetResult());
        var running = app.RunAsync();
        await Task.WhenAny(running, asked.Task);
        var hasStarted = lifetime.ApplicationStarted.IsCancellationRequested;
        if (!asked.Task.IsCompleted)
        {
            await running;
            return 0;
        }

        // A bus that is told to stop while it starts may wait for itself, or fail.
        try
        {
            await running.WaitAsync(hasStarted ? limit : Grace);
            return 0;
        }
        catch (TimeoutException) when (!running.IsCompleted)
        {
            Console.Error.WriteLine("Left without waiting any longer for what does not stop.");
            return hasStarted ? 1 : 0;
        }
        catch (Exception) when (!hasStarted)
        {
            return 0;
        }
    }

    private static int Complain(string line)
    {
        Console.Error.WriteLine(line);
        return 2;
    }
}
