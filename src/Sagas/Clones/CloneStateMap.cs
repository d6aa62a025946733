using Microsoft.EntityFrameworkCore;
using Orchestrator.Sagas.Persistence.SagaStorage;

namespace Orchestrator.Sagas.Clones;

/// <summary>The tables of clones.</summary>
public static class CloneStateMap
{
    public static void MapClones(this ModelBuilder model)
    {
        model.MapSaga<CloneState>("clone").Property(clone => clone.ExtraConf).HasColumnType("jsonb");
        model.MapSaga<SnapshotState>("clone_snapshot");
        model.Entity<CloneMeasure>().ToTable("clone_measure").HasKey(measure => measure.CloneId);
    }
}
