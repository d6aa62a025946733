using Microsoft.EntityFrameworkCore;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Clones;
using Orchestrator.Sagas.Instances;
using Orchestrator.Sagas.Jobs;

namespace Orchestrator.Sagas.Persistence;

/// <summary>
/// Mapping, migrations, reads and administration. Hot paths write with hand-made SQL through
/// <see cref="DurableTransaction"/>.
/// </summary>
public sealed class OrchestratorDbContext(DbContextOptions<OrchestratorDbContext> options) : DbContext(options)
{
    public DbSet<Flavor> Flavors => Set<Flavor>();
    public DbSet<Job> Jobs => Set<Job>();
    public DbSet<Region> Regions => Set<Region>();
    public DbSet<App> Apps => Set<App>();
    public DbSet<Node> Nodes => Set<Node>();
    public DbSet<InstanceState> Instances => Set<InstanceState>();
    public DbSet<ResourceEvent> ResourceEvents => Set<ResourceEvent>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Flavor>(flavor =>
        {
            flavor.ToTable("flavor").HasKey(f => new { f.Platform, f.Name });
        });
        modelBuilder.Entity<Job>(job =>
        {
            job.ToTable("job").HasKey(j => new { j.Platform, j.Id });
            job.Property(j => j.Raw).HasColumnType("jsonb");
        });
        modelBuilder.Entity<ResourceEvent>().ToTable("resource_event").HasKey(e => e.Id);
        modelBuilder.MapInstances();
        modelBuilder.MapActions();
        modelBuilder.MapClones();
        UseSnakeCaseColumns(modelBuilder);
    }

    private static void UseSnakeCaseColumns(ModelBuilder modelBuilder)
    {
        foreach (var property in modelBuilder.Model.GetEntityTypes().SelectMany(entity => entity.GetProperties()))
            property.SetColumnName(System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name.Replace("MiB", "Mib", StringComparison.Ordinal)));
    }
}
