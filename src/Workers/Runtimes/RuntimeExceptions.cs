namespace Orchestrator.Workers.Runtimes;

/// <summary>An image cannot be started, however often one tries.</summary>
/// <param name="status">The HTTP status that the caller of a function gets: 404 not found, 400 broken, 502 or 504 not fetched.</param>
/// <param name="message">What the caller is told.</param>
/// <param name="inner">What the runtime itself said.</param>
public sealed class ImageException(int status, string message, Exception? inner = null) : Exception(message, inner)
{
    public int Status { get; } = status;
}

/// <summary>The machine could not start a container that is good in itself.</summary>
public sealed class ContainerStartException(string message, Exception? inner = null) : Exception(message, inner);
