using System.ComponentModel.DataAnnotations;

namespace Orchestrator.Sagas.Persistence;

/// <summary>Section <c>Database</c>; where it is stands in <c>ConnectionStrings:Postgres</c>.</summary>
public sealed class DatabaseOptions
{
    /// <summary>Whether the host brings the schema up to date when it starts. Default: false.</summary>
    public bool MigrateAtStart { get; set; }

    /// <summary>Connections that one process opens at most, 5 to 1,000. Default: 50.</summary>
    [Range(5, 1000)]
    public int MaxPoolSize { get; set; } = 50;
}
