using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Hosting;

/// <summary>How a host of ours starts and fails to start.</summary>
public static class HostStart
{
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

    private static int Complain(string line)
    {
        Console.Error.WriteLine(line);
        return 2;
    }
}
