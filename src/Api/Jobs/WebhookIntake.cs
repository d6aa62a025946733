using System.Threading.RateLimiting;

namespace Orchestrator.Api.Jobs;

/// <summary>
/// Lets so many deliveries through at a time as the database can commit soon, and refuses what would wait too long. Without it
/// a crowd that gathered while the service was away takes all connections, everyone waits until it is too late, and
/// the work done for those who have given up keeps it so.
/// </summary>
public sealed class WebhookIntake : IDisposable
{
    /// <summary>Well below the size of the connection pool: the rest of the process needs connections too.</summary>
    private const int AtATime = 48;

    /// <summary>So many are stored in about a second even by a process that has just started.</summary>
    private const int Waiting = 500;

    private readonly ConcurrencyLimiter _limiter = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = AtATime,
        QueueLimit = Waiting,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <summary>Whether another one would be refused; asked before any work is done for it.</summary>
    public bool IsFull => _limiter.GetStatistics() is { CurrentQueuedCount: >= Waiting };

    /// <summary>A place that is given back when it is disposed; null when too many wait, or for longer than <paramref name="patience"/>.</summary>
    public async ValueTask<RateLimitLease?> EnterAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(patience);
        try
        {
            return await _limiter.AcquireAsync(1, deadline.Token) is { IsAcquired: true } place ? place : null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    public void Dispose() => _limiter.Dispose();
}
