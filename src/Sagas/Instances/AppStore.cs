using Microsoft.EntityFrameworkCore;
using Npgsql;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Instances;

/// <summary>Why an app or a region was not written.</summary>
public enum StoreRefusal
{
    None,
    NotFound,

    /// <summary>The name is taken.</summary>
    Exists,

    /// <summary>Something belongs to it.</summary>
    InUse,
}

/// <summary>Apps and regions: few and quiet rows.</summary>
public sealed class AppStore(IDbContextFactory<OrchestratorDbContext> contexts, TimeProvider time)
{
    public async Task<App?> ReadAsync(long id, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Apps.AsNoTracking().FirstOrDefaultAsync(app => app.Id == id, cancellationToken);
    }

    public async Task<bool> ExistsAsync(long id, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Apps.AnyAsync(app => app.Id == id, cancellationToken);
    }

    /// <summary>Apps by id, after one.</summary>
    public async Task<IReadOnlyList<App>> ListAsync(long after, string? name, int limit, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Apps.AsNoTracking().Where(app => app.Id > after && (name == null || app.Name == name))
            .OrderBy(app => app.Id).Take(limit).ToListAsync(cancellationToken);
    }

    /// <summary>Adds an app; null when its name is taken.</summary>
    public async Task<App?> AddAsync(DurableTransaction transaction, App app, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(
            """
            INSERT INTO app (name, image, command, env, ports, health_check, restart_policy, grace_seconds, instance_limit)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING id, created_at
            """,
            Values(app)));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        var at = reader.GetFieldValue<DateTimeOffset>(1);
        return new App
        {
            Id = reader.GetInt64(0),
            Name = app.Name,
            Image = app.Image,
            Command = app.Command,
            Env = app.Env,
            Ports = app.Ports,
            HealthCheck = app.HealthCheck,
            RestartPolicy = app.RestartPolicy,
            GraceSeconds = app.GraceSeconds,
            InstanceLimit = app.InstanceLimit,
            CreatedAt = at,
            UpdatedAt = at,
        };
    }

    /// <summary>Changes an app; instances that are placed later follow it.</summary>
    public async Task<(StoreRefusal Refusal, App? App)> UpdateAsync(long id, Action<App> change, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        if (await db.Apps.FirstOrDefaultAsync(app => app.Id == id, cancellationToken) is not { } app)
            return (StoreRefusal.NotFound, null);
        change(app);
        if (!db.ChangeTracker.HasChanges())
            return (StoreRefusal.None, app);
        app.UpdatedAt = time.GetUtcNow();
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return (StoreRefusal.None, app);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return (StoreRefusal.Exists, null);
        }
        catch (DbUpdateConcurrencyException)
        {
            return (StoreRefusal.NotFound, null);
        }
    }

    /// <summary>Deletes an app with its instances, when all of them are terminated and no flavor provisions it.</summary>
    public async Task<StoreRefusal> DeleteAsync(DurableTransaction transaction, long id, CancellationToken cancellationToken)
    {
        await using (var locking = transaction.CreateBatch())
        {
            locking.BatchCommands.Add(Sql.Command("SELECT 1 FROM app WHERE id = $1 FOR UPDATE", id));
            if (await locking.ExecuteScalarAsync(cancellationToken) is null)
                return StoreRefusal.NotFound;
        }

        await using (var batch = transaction.CreateBatch())
        {
            batch.BatchCommands.Add(Sql.Command(
                "SELECT EXISTS (SELECT FROM instance WHERE app_id = $1 AND status <> 'terminated') OR EXISTS (SELECT FROM flavor WHERE provision_app = $1)", id));
            if (await batch.ExecuteScalarAsync(cancellationToken) is true)
                return StoreRefusal.InUse;
        }

        await transaction.ExecuteAsync("DELETE FROM instance WHERE app_id = $1", cancellationToken, id);
        await transaction.ExecuteAsync("DELETE FROM app WHERE id = $1", cancellationToken, id);
        return StoreRefusal.None;
    }

    public async Task<Region?> ReadRegionAsync(long id, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Regions.AsNoTracking().FirstOrDefaultAsync(region => region.Id == id, cancellationToken);
    }

    /// <summary>Regions by id, after one.</summary>
    public async Task<IReadOnlyList<Region>> ListRegionsAsync(long after, string? name, int limit, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Regions.AsNoTracking().Where(region => region.Id > after && (name == null || region.Name == name))
            .OrderBy(region => region.Id).Take(limit).ToListAsync(cancellationToken);
    }

    /// <summary>Adds a region; null when its name is taken.</summary>
    public async Task<Region?> AddRegionAsync(DurableTransaction transaction, string name, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command("INSERT INTO region (name) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id, created_at", name));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new Region { Id = reader.GetInt64(0), Name = name, CreatedAt = reader.GetFieldValue<DateTimeOffset>(1) }
            : null;
    }

    /// <summary>Deletes a region that no instance and no flavor refers to.</summary>
    public async Task<StoreRefusal> DeleteRegionAsync(long id, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        try
        {
            return await db.Regions.Where(region => region.Id == id).ExecuteDeleteAsync(cancellationToken) == 1 ? StoreRefusal.None : StoreRefusal.NotFound;
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.ForeignKeyViolation)
        {
            return StoreRefusal.InUse;
        }
    }

    private static object?[] Values(App app) =>
    [
        app.Name, Sql.Typed(NpgsqlTypes.NpgsqlDbType.Text, app.Image), app.Command, Json(app.Env), app.Ports, Json(app.HealthCheck), Json(app.RestartPolicy),
        Sql.Typed(NpgsqlTypes.NpgsqlDbType.Double, app.GraceSeconds), Sql.Typed(NpgsqlTypes.NpgsqlDbType.Integer, app.InstanceLimit),
    ];

    private static NpgsqlParameter Json<T>(T value) =>
        Sql.Typed(NpgsqlTypes.NpgsqlDbType.Jsonb, System.Text.Json.JsonSerializer.Serialize(value, System.Text.Json.JsonSerializerOptions.Web));
}
