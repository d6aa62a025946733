namespace Orchestrator.Workers.Clones;

/// <summary>A clone to be made. Names are the user's and may hold any character; none of them becomes a path.</summary>
public sealed record CloneSpec
{
    /// <summary>Whose clone it is: the saga's id. Also the name of its directory.</summary>
    public required Guid CloneId { get; init; }

    public required Guid SnapshotId { get; init; }

    /// <summary>The role that the clone is made for; it is created, or taken over when the snapshot has it. 1 to 63 bytes.</summary>
    public required string UserName { get; init; }

    /// <summary><c>SCRAM-SHA-256$iterations:salt$stored:server</c>. A password is refused.</summary>
    public required string Verifier { get; init; }

    /// <summary>The database that must be there, and that a restricted user comes to own with all others. Default: <c>postgres</c>.</summary>
    public string Database { get; init; } = "postgres";

    /// <summary>True for a plain role that owns the databases and what is in them, false for a superuser.</summary>
    public bool IsRestricted { get; init; }

    /// <summary>Parameters of Postgres for this clone, from the allow-list <see cref="Postgres.CloneSettings.Allowed"/>.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>A clone that starts over, on the same or another snapshot.</summary>
/// <param name="CloneId">Whose clone it is.</param>
/// <param name="SnapshotId">The snapshot that it has afterwards.</param>
/// <param name="Revision">
/// Which reset this is: a clone is created with revision 1, and each reset that was asked for has the next number. A reset
/// that is asked for again, with the number that the clone has already, does nothing.
/// </param>
public sealed record CloneReset(Guid CloneId, Guid SnapshotId, int Revision);
