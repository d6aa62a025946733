using Orchestrator.Local.Servers;

namespace Orchestrator.Local.Run;

/// <summary>The secrets of this checkout's installation, drawn once.</summary>
internal sealed record RunSecrets(string AdminToken, string WebhookSecret, string CallbackSecret)
{
    private const string Admin = "admin-token";
    private const string Webhook = "webhook-secret";
    private const string Callback = "callback-secret";

    /// <summary>Those that were drawn before; what is missing is drawn now.</summary>
    public static RunSecrets Load()
    {
        var values = KeyValueFile.Read(RunPaths.Secrets);
        var secrets = new RunSecrets(Of(Admin), Of(Webhook), Of(Callback));
        if (values.Count < 3)
            KeyValueFile.Write(RunPaths.Secrets, [new(Admin, secrets.AdminToken), new(Webhook, secrets.WebhookSecret), new(Callback, secrets.CallbackSecret)]);
        return secrets;

        string Of(string name) => values.TryGetValue(name, out var secret) ? secret : RandomSecret.Create();
    }
}
