namespace Orchestrator.Local.Servers;

/// <summary>A RabbitMQ with its management API: our own (<see cref="PrivateRabbitMq"/>) or one that the user named.</summary>
public class RabbitMqServer : IAsyncDisposable
{
    /// <summary>The usual name of the user that foreign publishers get.</summary>
    public const string Publisher = "orchestrator-publisher";

    private RabbitMqManagement? _management;

    /// <param name="amqp">The AMQP address with credentials; its path is not used.</param>
    /// <param name="http">The management address with credentials of an administrator.</param>
    public RabbitMqServer(Uri amqp, Uri http)
    {
        Amqp = amqp;
        Http = http;
    }

    /// <summary>For servers that know their address only once they are started.</summary>
    protected RabbitMqServer()
    {
    }

    /// <summary>The root of the management API with user and password, such as <c>http://user:password@127.0.0.1:15672/</c>.</summary>
    public Uri ManagementUri => Http ?? throw NotStarted();

    /// <summary>The management API; valid from the first start on, over restarts too.</summary>
    public RabbitMqManagement Management => _management ??= new RabbitMqManagement(ManagementUri);

    protected Uri? Amqp { get; set; }

    protected Uri? Http { get; set; }

    /// <summary>The AMQP address of one virtual host, with credentials.</summary>
    public Uri AmqpUri(string vhost = "/") => AmqpUri(vhost, (Amqp ?? throw NotStarted()).UserInfo);

    /// <summary>Creates a virtual host that our user may use; nothing happens when it exists.</summary>
    public async Task CreateVhostAsync(string vhost, CancellationToken cancellationToken = default)
    {
        await Management.PutAsync($"api/vhosts/{Escape(vhost)}", new { }, cancellationToken);
        await GrantAsync(vhost, UserName, ".*", ".*", ".*", cancellationToken);
    }

    public Task DeleteVhostAsync(string vhost, CancellationToken cancellationToken = default) =>
        Management.DeleteAsync($"api/vhosts/{Escape(vhost)}", cancellationToken);

    /// <summary>
    /// Creates (or gives a new password to) a user who may write to <c>orchestrator.*</c> exchanges of this virtual
    /// host and nothing else; returns its AMQP address.
    /// </summary>
    public async Task<Uri> CreatePublisherAsync(string vhost, string name = Publisher, CancellationToken cancellationToken = default)
    {
        var password = RandomSecret.Create();
        await Management.PutAsync($"api/users/{Escape(name)}", new { password, tags = "" }, cancellationToken);
        await GrantAsync(vhost, name, configure: "^$", write: @"^orchestrator\..*", read: "^$", cancellationToken);
        return AmqpUri(vhost, $"{Escape(name)}:{password}");
    }

    public virtual ValueTask DisposeAsync()
    {
        _management?.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private string UserName => Uri.UnescapeDataString(Amqp!.UserInfo.Split(':')[0]);

    private static string Escape(string text) => Uri.EscapeDataString(text);

    private static InvalidOperationException NotStarted() => new("the server is not started");

    private Uri AmqpUri(string vhost, string credentials) =>
        new($"{Amqp!.Scheme}://{credentials}@{Amqp.Authority}/{Escape(vhost)}");

    private Task GrantAsync(string vhost, string user, string configure, string write, string read, CancellationToken cancellationToken) =>
        Management.PutAsync($"api/permissions/{Escape(vhost)}/{Escape(user)}", new { configure, write, read }, cancellationToken);
}
