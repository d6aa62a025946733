using Orchestrator.Local.Servers;

namespace Orchestrator.Local.Run;

/// <summary>The secrets of this checkout's installation, drawn once.</summary>
internal sealed record RunSecrets(string AdminToken, string WebhookSecret)
{
    public static RunSecrets Load()
    {
        var values = KeyValueFile.Read(RunPaths.Secrets);
        if (values.TryGetValue("admin-token", out var token) && values.TryGetValue("webhook-secret", out var secret))
            return new RunSecrets(token, secret);
        var drawn = new RunSecrets(RandomSecret.Create(), RandomSecret.Create());
        KeyValueFile.Write(RunPaths.Secrets, [new("admin-token", drawn.AdminToken), new("webhook-secret", drawn.WebhookSecret)]);
        return drawn;
    }
}
