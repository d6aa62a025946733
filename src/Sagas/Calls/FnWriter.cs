using System.Diagnostics;
using Npgsql;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Calls;

/// <summary>
/// Makes, changes and removes apps, fns and triggers, each with a line of its timeline, and tells every process that
/// what it remembers of them is old.
/// </summary>
public sealed class FnWriter(CallId ids, TimeProvider time)
{
    /// <exception cref="FnException">It is not allowed, or the name is taken.</exception>
    public async Task<FnApp> CreateAsync(DurableTransaction transaction, FnAppChange change, string actor, CancellationToken cancellationToken)
    {
        var app = FnRules.Create(change, ids.Next(), time.GetUtcNow());
        await InsertAsync(
            transaction, FnErrors.AppExists,
            $"INSERT INTO fn_app ({FnRows.AppColumns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", cancellationToken,
            app.Id, app.Name, FnJson.Write(app.Config), FnJson.Write(app.Annotations), app.SyslogUrl, app.Shape, app.CreatedAt, app.UpdatedAt);
        Record(transaction, "fn-app", app.Id, "created", app.Name, actor);
        return app;
    }

    /// <exception cref="FnException">There is no such app, or the change is not allowed.</exception>
    public async Task<FnApp> UpdateAsync(DurableTransaction transaction, string id, FnAppChange change, string actor, CancellationToken cancellationToken)
    {
        var app = await LockAsync(transaction, $"SELECT {FnRows.AppColumns} FROM fn_app WHERE id = $1 FOR UPDATE", FnRows.App, id, FnErrors.AppNotFound, cancellationToken);
        var changed = FnRules.Update(app, change);
        if (FnSame.Are(app, changed))
            return app;
        changed = changed with { UpdatedAt = time.GetUtcNow() };
        await transaction.ExecuteAsync(
            "UPDATE fn_app SET config = $2, annotations = $3, syslog_url = $4, shape = $5, updated_at = $6 WHERE id = $1", cancellationToken,
            id, FnJson.Write(changed.Config), FnJson.Write(changed.Annotations), changed.SyslogUrl, changed.Shape, changed.UpdatedAt);
        Record(transaction, "fn-app", id, "updated", changed.Name, actor);
        return changed;
    }

    /// <exception cref="FnException">There is no such app, or the fn is not allowed, or its name is taken.</exception>
    public async Task<Fn> CreateAsync(DurableTransaction transaction, FnChange change, string actor, CancellationToken cancellationToken)
    {
        var fn = FnRules.Create(change, ids.Next(), time.GetUtcNow());
        var app = await LockAsync(transaction, $"SELECT {FnRows.AppColumns} FROM fn_app WHERE id = $1 FOR KEY SHARE", FnRows.App, fn.AppId, FnErrors.AppNotFound, cancellationToken);
        fn = fn with { Shape = app.Shape };
        await InsertAsync(
            transaction, FnErrors.FnExists,
            $"INSERT INTO fn ({FnRows.FnColumns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)", cancellationToken,
            fn.Id, fn.Name, fn.AppId, fn.Image, fn.Memory, fn.Timeout, fn.IdleTimeout, fn.TmpfsSize, fn.Cpus.Value, fn.MaxConcurrency,
            FnJson.Write(fn.Config), FnJson.Write(fn.Annotations), fn.Shape, fn.CreatedAt, fn.UpdatedAt);
        Record(transaction, "fn", fn.Id, "created", $"{app.Name}/{fn.Name}", actor);
        return fn;
    }

    /// <exception cref="FnException">There is no such fn, or the change is not allowed.</exception>
    public async Task<Fn> UpdateAsync(DurableTransaction transaction, string id, FnChange change, string actor, CancellationToken cancellationToken)
    {
        var fn = await LockAsync(transaction, $"SELECT {FnRows.FnColumns} FROM fn WHERE id = $1 FOR UPDATE", FnRows.Fn, id, FnErrors.FnNotFound, cancellationToken);
        var changed = FnRules.Update(fn, change);
        if (FnSame.Are(fn, changed))
            return fn;
        changed = changed with { UpdatedAt = time.GetUtcNow() };
        await transaction.ExecuteAsync(
            """
            UPDATE fn SET image = $2, memory = $3, timeout = $4, idle_timeout = $5, tmpfs_size = $6, cpus = $7, max_concurrency = $8,
                          config = $9, annotations = $10, updated_at = $11
            WHERE id = $1
            """, cancellationToken,
            id, changed.Image, changed.Memory, changed.Timeout, changed.IdleTimeout, changed.TmpfsSize, changed.Cpus.Value, changed.MaxConcurrency,
            FnJson.Write(changed.Config), FnJson.Write(changed.Annotations), changed.UpdatedAt);
        Record(transaction, "fn", id, "updated", changed.Name, actor);
        return changed;
    }

    /// <exception cref="FnException">There is no such app or fn, or the trigger is not allowed, or its name or source is taken.</exception>
    public async Task<FnTrigger> CreateAsync(DurableTransaction transaction, FnTriggerChange change, string actor, CancellationToken cancellationToken)
    {
        var trigger = FnRules.Create(change, ids.Next(), time.GetUtcNow());
        await LockAsync(transaction, $"SELECT {FnRows.AppColumns} FROM fn_app WHERE id = $1 FOR KEY SHARE", FnRows.App, trigger.AppId, FnErrors.AppNotFound, cancellationToken);
        await DemandOwnedAsync(transaction, trigger, cancellationToken);
        await InsertAsync(
            transaction, FnErrors.TriggerExists,
            $"INSERT INTO fn_trigger ({FnRows.TriggerColumns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", cancellationToken,
            trigger.Id, trigger.Name, trigger.AppId, trigger.FnId, trigger.Type, trigger.Source, FnJson.Write(trigger.Annotations), trigger.CreatedAt, trigger.UpdatedAt);
        Record(transaction, "fn-trigger", trigger.Id, "created", trigger.Source, actor);
        return trigger;
    }

    /// <exception cref="FnException">There is no such trigger or fn, or the change is not allowed, or the name or source is taken.</exception>
    public async Task<FnTrigger> UpdateAsync(DurableTransaction transaction, string id, FnTriggerChange change, string actor, CancellationToken cancellationToken)
    {
        var trigger = await LockAsync(transaction, $"SELECT {FnRows.TriggerColumns} FROM fn_trigger WHERE id = $1 FOR UPDATE", FnRows.Trigger, id, FnErrors.TriggerNotFound, cancellationToken);
        var changed = FnRules.Update(trigger, change);
        if (FnSame.Are(trigger, changed))
            return trigger;
        changed = changed with { UpdatedAt = time.GetUtcNow() };
        await DemandOwnedAsync(transaction, changed, cancellationToken);
        await InsertAsync(
            transaction, FnErrors.TriggerExists,
            "UPDATE fn_trigger SET name = $2, fn_id = $3, type = $4, source = $5, annotations = $6, updated_at = $7 WHERE id = $1", cancellationToken,
            id, changed.Name, changed.FnId, changed.Type, changed.Source, FnJson.Write(changed.Annotations), changed.UpdatedAt);
        Record(transaction, "fn-trigger", id, "updated", changed.Source, actor);
        return changed;
    }

    /// <exception cref="FnException">There is no such trigger.</exception>
    public async Task DeleteTriggerAsync(DurableTransaction transaction, string id, string actor, CancellationToken cancellationToken)
    {
        if (await transaction.ExecuteAsync("DELETE FROM fn_trigger WHERE id = $1", cancellationToken, id) == 0)
            throw new FnException(FnErrors.TriggerNotFound);
        Record(transaction, "fn-trigger", id, "deleted", null, actor);
    }

    /// <summary>Removes a fn and its triggers.</summary>
    /// <exception cref="FnException">There is no such fn.</exception>
    public async Task DeleteFnAsync(DurableTransaction transaction, string id, string actor, CancellationToken cancellationToken)
    {
        if (await transaction.ExecuteAsync("DELETE FROM fn WHERE id = $1", cancellationToken, id) == 0)
            throw new FnException(FnErrors.FnNotFound);
        Record(transaction, "fn", id, "deleted", null, actor);
    }

    /// <summary>Removes an app, its fns and their triggers; gives the ids of the fns.</summary>
    /// <exception cref="FnException">There is no such app.</exception>
    public async Task<IReadOnlyList<string>> DeleteAppAsync(DurableTransaction transaction, string id, string actor, CancellationToken cancellationToken)
    {
        var fns = new List<string>();
        await using (var batch = transaction.CreateBatch())
        {
            batch.BatchCommands.Add(Sql.Command("SELECT id FROM fn_app WHERE id = $1 FOR UPDATE", id));
            batch.BatchCommands.Add(Sql.Command("SELECT id FROM fn WHERE app_id = $1", id));
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            if (!await reader.ReadAsync(cancellationToken))
                throw new FnException(FnErrors.AppNotFound);
            await reader.NextResultAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                fns.Add(reader.GetString(0));
        }

        await transaction.ExecuteAsync("DELETE FROM fn_app WHERE id = $1", cancellationToken, id);
        Record(transaction, "fn-app", id, "deleted", null, actor);
        foreach (var fn in fns)
            Record(transaction, "fn", fn, "deleted", null, actor);
        return fns;
    }

    private static async Task DemandOwnedAsync(DurableTransaction transaction, FnTrigger trigger, CancellationToken cancellationToken)
    {
        var fn = await LockAsync(transaction, $"SELECT {FnRows.FnColumns} FROM fn WHERE id = $1 FOR KEY SHARE", FnRows.Fn, trigger.FnId, FnErrors.FnNotFound, cancellationToken);
        if (fn.AppId != trigger.AppId)
            throw new FnException(FnErrors.TriggerFnNotOwned);
    }

    private static async Task InsertAsync(DurableTransaction transaction, FnError taken, string sql, CancellationToken cancellationToken, params object?[] parameters)
    {
        try
        {
            await transaction.ExecuteAsync(sql, cancellationToken, parameters);
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.UniqueViolation)
        {
            throw new FnException(exception.ConstraintName is "fn_trigger_source" ? FnErrors.TriggerSourceExists : taken);
        }
    }

    private static async Task<T> LockAsync<T>(
        DurableTransaction transaction, string sql, Func<NpgsqlDataReader, int, T> read, string id, FnError missing, CancellationToken cancellationToken)
    {
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(sql, id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? read(reader, 0) : throw new FnException(missing);
    }

    private static void Record(DurableTransaction transaction, string kind, string key, string what, string? reason, string actor)
    {
        transaction.Record(new ResourceEvent
        {
            Kind = kind,
            Key = key,
            What = what,
            ToState = what,
            Reason = reason,
            Actor = actor,
            TraceId = Activity.Current?.TraceId.ToHexString(),
        });
        // Changes are rare, so that the lock that a notification takes at the commit costs nothing.
        transaction.ExecuteWithCommit(Sql.Command($"SELECT pg_notify('{CallSignals.Channel}', '{CallSignals.FnsChanged}')"));
    }
}

/// <summary>Compares what a client can change.</summary>
internal static class FnSame
{
    public static bool Are(FnApp one, FnApp other) =>
        one.SyslogUrl == other.SyslogUrl && one.Shape == other.Shape && Are(one.Config, other.Config) && Are(one.Annotations, other.Annotations);

    public static bool Are(Fn one, Fn other) =>
        one with { Config = other.Config, Annotations = other.Annotations } == other && Are(one.Config, other.Config) && Are(one.Annotations, other.Annotations);

    public static bool Are(FnTrigger one, FnTrigger other) =>
        one with { Annotations = other.Annotations } == other && Are(one.Annotations, other.Annotations);

    private static bool Are(SortedDictionary<string, string> one, SortedDictionary<string, string> other) => one.SequenceEqual(other);
}
