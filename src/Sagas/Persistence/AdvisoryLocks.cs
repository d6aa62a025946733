namespace Orchestrator.Sagas.Persistence;

/// <summary>First key of every two-key advisory lock: what the lock is about.</summary>
public static class AdvisoryLocks
{
    /// <summary>Shared by writers of a platform's jobs, exclusive for changes of its flavors. Second key: hash of the platform.</summary>
    public const int Platform = 1;

    /// <summary>Held by each process for its outbox rows. Second key: <see cref="Outbox.OutboxOwner.Id"/>.</summary>
    public const int OutboxOwner = 2;

    /// <summary>Held while one replica does a periodic duty. Second key: hash of the duty's name.</summary>
    public const int Duty = 3;

    /// <summary>Held while a request with an idempotency key is in flight. Second key: hash of its scope and key.</summary>
    public const int IdempotencyKey = 4;

    /// <summary>Held while room on a node is claimed. Second key: 0.</summary>
    public const int Placement = 50;

    /// <summary>Held by the node of that name while it lives. Second key: hash of the name.</summary>
    public const int NodeName = 51;

    /// <summary>Held while the capacity of a flavor is planned. Second key: hash of platform and name.</summary>
    public const int Capacity = 52;
}
