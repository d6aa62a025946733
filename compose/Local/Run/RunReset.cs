using Orchestrator.Local.Servers;
using Orchestrator.Local.Storage;

namespace Orchestrator.Local.Run;

/// <summary>What is put away before a start.</summary>
internal static class RunReset
{
    /// <summary>Removes the private servers with their data, and the secrets.</summary>
    /// <exception cref="RunFailedException">The user named servers of their own, whose data is not ours to drop.</exception>
    public static async Task DeletePrivateDataAsync()
    {
        if (NamedServers.Postgres() is not null || NamedServers.RabbitMq() is not null)
            throw new RunFailedException("--reset removes private servers only; drop the database and the virtual host of your own servers yourself.");
        PrivatePostgres.Delete(Checkout.RunDirectory("postgres"));
        PrivateRabbitMq.Delete(Checkout.RunDirectory("rabbitmq"));
        await CloneDirectory.DeleteAsync();
        File.Delete(RunPaths.Secrets);
        if (Directory.Exists(RunPaths.Functions))
            Directory.Delete(RunPaths.Functions, recursive: true);
    }

    /// <summary>Every run has its own logs; those of the one before stay beside them as <c>*.log.old</c>.</summary>
    public static void StartFreshLogs()
    {
        Directory.CreateDirectory(RunPaths.Logs);
        foreach (var log in (IEnumerable<string>)[RunPaths.Log("postgres"), RunPaths.Log("rabbitmq"), RunPaths.Log("api"), .. Directory.EnumerateFiles(RunPaths.Logs, "worker-*.log")])
        {
            if (File.Exists(log))
                File.Move(log, log + ".old", overwrite: true);
        }
    }
}
