namespace Orchestrator.Sagas.Clones;

/// <summary>What a host last read of a clone: its size and its use.</summary>
public sealed class CloneMeasure
{
    public Guid CloneId { get; set; }
    public DateTimeOffset MeasuredAt { get; set; }

    /// <summary>Bytes that it takes beside its snapshot.</summary>
    public long DiffSize { get; set; }

    /// <summary>Grows with every use, for comparison with the next reading.</summary>
    public long UseCount { get; set; }

    /// <summary>The last sign of use, on the database's clock.</summary>
    public DateTimeOffset LastActiveAt { get; set; }
}
