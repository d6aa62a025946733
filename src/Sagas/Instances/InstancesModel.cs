using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Orchestrator.Sagas.Persistence.SagaStorage;

namespace Orchestrator.Sagas.Instances;

/// <summary>Maps regions, apps, nodes and instances.</summary>
internal static class InstancesModel
{
    public static void MapInstances(this ModelBuilder model)
    {
        model.Entity<Region>(region =>
        {
            region.ToTable("region").HasKey(r => r.Id);
        });
        model.Entity<App>(app =>
        {
            app.ToTable("app").HasKey(a => a.Id);
            app.Property(a => a.Env).HasJson();
            app.Property(a => a.HealthCheck).HasJson();
            app.Property(a => a.RestartPolicy).HasJson();
        });
        model.Entity<Node>(node =>
        {
            node.ToTable("node").HasKey(n => n.Name);
            node.Property(n => n.Labels).HasJson();
        });
        model.MapSaga<InstanceState>("instance").Ignore(s => s.CurrentState);
    }

    private static void HasJson<T>(this Microsoft.EntityFrameworkCore.Metadata.Builders.PropertyBuilder<T> property)
        where T : class
    {
        property.HasColumnType("jsonb").HasConversion(
            new ValueConverter<T, string>(
                value => JsonSerializer.Serialize(value, JsonSerializerOptions.Web),
                text => JsonSerializer.Deserialize<T>(text, JsonSerializerOptions.Web)!),
            new ValueComparer<T>(
                (a, b) => JsonSerializer.Serialize(a, JsonSerializerOptions.Web) == JsonSerializer.Serialize(b, JsonSerializerOptions.Web),
                value => JsonSerializer.Serialize(value, JsonSerializerOptions.Web).GetHashCode(StringComparison.Ordinal),
                value => JsonSerializer.Deserialize<T>(JsonSerializer.Serialize(value, JsonSerializerOptions.Web), JsonSerializerOptions.Web)!));
    }
}
