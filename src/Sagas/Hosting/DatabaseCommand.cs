using Microsoft.Extensions.DependencyInjection;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Hosting;

/// <summary>
/// The duties of the database as commands of the worker host: <c>--migrate</c>, <c>--clean --yes DATABASE</c>,
/// <c>--drop --yes DATABASE</c>.
/// </summary>
public static class DatabaseCommand
{
    /// <summary>Carries out the command among the arguments; null when there is none.</summary>
    /// <returns>The exit code: 0 when done, 2 when the database was not named to confirm.</returns>
    public static async Task<int?> RunAsync(IServiceProvider services, string[] args)
    {
        var duties = services.GetRequiredService<DatabaseDuties>();
        if (args.Contains("--migrate", StringComparer.Ordinal))
        {
            await duties.MigrateAsync(CancellationToken.None);
            return 0;
        }

        var isClean = args.Contains("--clean", StringComparer.Ordinal);
        if (!isClean && !args.Contains("--drop", StringComparer.Ordinal))
            return null;
        if (!IsConfirmed(args, duties.Database))
        {
            await Console.Error.WriteLineAsync(
                $"This {(isClean ? "empties" : "drops")} database {duties.Database}. Confirm with --yes {duties.Database}.");
            return 2;
        }

        await (isClean ? duties.CleanAsync(CancellationToken.None) : duties.DropAsync(CancellationToken.None));
        return 0;
    }

    private static bool IsConfirmed(string[] args, string database)
    {
        var at = Array.IndexOf(args, "--yes");
        return at >= 0 && at + 1 < args.Length && string.Equals(args[at + 1], database, StringComparison.Ordinal);
    }
}
