namespace Orchestrator.Local.Servers;

/// <summary>A server could not be started; the message is one a user can act on.</summary>
public sealed class ServerStartException : Exception
{
    public ServerStartException(string message)
        : base(message)
    {
    }

    public ServerStartException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public ServerStartException()
    {
    }
}
