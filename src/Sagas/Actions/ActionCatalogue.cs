using System.Collections.Concurrent;
using System.Text.Json;
using Npgsql;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Messaging;

namespace Orchestrator.Sagas.Actions;

/// <summary>
/// Every action that can be executed, whether this process can run it or only some worker: what is registered here, what
/// workers have advertised, and what is declared.
/// </summary>
public sealed class ActionCatalogue(ActionRegistry registry, IEnumerable<IActionSource> sources, NpgsqlDataSource source, TimeProvider time)
{
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    private const string SelectAdvertised = $"""
        SELECT l.list, l.started_at, EXISTS (
            SELECT FROM action_workers w JOIN pg_locks k ON k.objid::bigint = w.worker
            WHERE w.hash = l.hash AND {LiveWorkers.IsLock})
        FROM action_job_lists l
        """;

    private readonly ConcurrentDictionary<string, JobList> _byHash = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _reading = new(1, 1);
    private volatile IReadOnlyList<Advertised> _advertised = [];
    private long _readAt = long.MinValue;

    /// <summary>
    /// The list of jobs that a new deployment is pinned to: of the application's own action, else of the generic one; among
    /// several lists the newest that a living worker knows.
    /// </summary>
    /// <exception cref="ActionNotFoundException">There is no such action.</exception>
    /// <exception cref="NoActionNameException">There is no name.</exception>
    public async Task<JobList> FindAsync(string? application, string? action, CancellationToken cancellationToken)
    {
        var key = ActionKey.Of(application, action);
        return await FindAsync(key, cancellationToken)
            ?? (key.Application.Length > 0 ? await FindAsync(key with { Application = "" }, cancellationToken) : null)
            ?? throw new ActionNotFoundException(application, action!);
    }

    /// <summary>A list of jobs by its hash; null when nobody has ever advertised it.</summary>
    public async ValueTask<JobList?> ListAsync(string hash, CancellationToken cancellationToken)
    {
        if (registry.FindByHash(hash) is { } known)
            return _byHash.GetOrAdd(hash, static (_, action) => JobList.Of(action), known);
        if (_byHash.TryGetValue(hash, out var list))
            return list;
        await using var command = source.CreateCommand("SELECT list FROM action_job_lists WHERE hash = $1");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = hash });
        return await command.ExecuteScalarAsync(cancellationToken) is string text ? _byHash.GetOrAdd(hash, Parse(text)) : null;
    }

    /// <summary>The newest list of every action.</summary>
    public async Task<IReadOnlyList<JobList>> AllAsync(CancellationToken cancellationToken)
    {
        var advertised = await AdvertisedAsync(Freshness, cancellationToken);
        var declared = new List<JobList>();
        foreach (var actions in sources)
            declared.AddRange((await actions.AllAsync(cancellationToken)).Select(JobList.Of));
        return
        [
            .. advertised.Select(a => a.List).Concat(registry.Actions.Select(JobList.Of)).Where(list => !list.IsDeclared)
                .Concat(declared)
                .GroupBy(list => (list.Application, list.Action))
                .Select(group => group.Last() is { IsDeclared: true } newest
                    ? newest
                    : Best(advertised, new ActionKey(group.Key.Application, group.Key.Action)) ?? group.Last())
                .OrderBy(list => list.Action, StringComparer.Ordinal).ThenBy(list => list.Application, StringComparer.Ordinal),
        ];
    }

    /// <summary>
    /// The definition that this process can run, asked for where actions are declared if it is not registered; null when
    /// this process cannot run it.
    /// </summary>
    public async ValueTask<ActionDefinition?> DefinitionAsync(string hash, CancellationToken cancellationToken)
    {
        if (registry.FindByHash(hash) is { } known)
            return known;
        foreach (var declared in sources)
        {
            if (await declared.FindAsync(hash, cancellationToken) is { } definition)
            {
                registry.RegisterVersion(definition);
                return definition;
            }
        }

        return null;
    }

    /// <summary>
    /// What a redriven deployment is pinned to: its own list while a worker knows it, else the newest list of its action
    /// that has its current job, else its own.
    /// </summary>
    internal async Task<string> HashForRedriveAsync(Deployment deployment, CancellationToken cancellationToken)
    {
        var advertised = await AdvertisedAsync(TimeSpan.Zero, cancellationToken);
        if (registry.FindByHash(deployment.Hash) is not null
            || advertised.Any(a => a.IsLive && string.Equals(a.List.Hash, deployment.Hash, StringComparison.Ordinal)))
            return deployment.Hash;
        var newest = Best(advertised, new ActionKey(deployment.Application, deployment.Action))
            ?? Best(advertised, new ActionKey("", deployment.Action));
        return newest is not null && newest.IndexOf(deployment.CurrentJob) >= 0 ? newest.Hash : deployment.Hash;
    }

    internal static JobList Parse(string list) => JsonSerializer.Deserialize<JobList>(list, WireJson.Options)!;

    internal static string Write(JobList list) => JsonSerializer.Serialize(list, WireJson.Options);

    private async Task<JobList?> FindAsync(ActionKey key, CancellationToken cancellationToken)
    {
        var registered = registry.FindOwn(key);
        if (registered is not { Version: null } && await DeclaredAsync(key, cancellationToken) is { } definition)
        {
            registry.RegisterVersion(definition);
            return await StoredAsync(JobList.Of(definition), cancellationToken);
        }

        if (Best(await AdvertisedAsync(Freshness, cancellationToken), key) is { } list)
            return list;
        if (registered is { Version: null })
            return await StoredAsync(JobList.Of(registered), cancellationToken);
        return Best(await AdvertisedAsync(TimeSpan.Zero, cancellationToken), key);
    }

    private async Task<ActionDefinition?> DeclaredAsync(ActionKey key, CancellationToken cancellationToken)
    {
        foreach (var declared in sources)
        {
            if (await declared.FindAsync(key, cancellationToken) is { } definition)
                return definition;
        }

        return null;
    }

    private static JobList? Best(IReadOnlyList<Advertised> advertised, ActionKey key) => advertised
        // Of declared actions, their source alone knows the newest, and whether they have been deleted.
        .Where(a => a.List.Application == key.Application && a.List.Action == key.Name && !a.List.IsDeclared)
        .OrderByDescending(a => a.IsLive).ThenByDescending(a => a.List.Version).ThenByDescending(a => a.StartedAt)
        .FirstOrDefault()?.List;

    // Nothing is pinned to a list that other processes cannot look up.
    private async Task<JobList> StoredAsync(JobList list, CancellationToken cancellationToken)
    {
        if (_byHash.ContainsKey(list.Hash))
            return list;
        await JobLists.StoreAsync(source, [list], isStart: false, cancellationToken);
        return _byHash.GetOrAdd(list.Hash, list);
    }

    private async Task<IReadOnlyList<Advertised>> AdvertisedAsync(TimeSpan age, CancellationToken cancellationToken)
    {
        if (IsFresh(age))
            return _advertised;
        await _reading.WaitAsync(cancellationToken);
        try
        {
            if (IsFresh(age))
                return _advertised;
            var read = new List<Advertised>();
            var now = time.GetTimestamp();
            await using var command = source.CreateCommand(SelectAdvertised);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                read.Add(new Advertised(Parse(reader.GetString(0)), reader.GetFieldValue<DateTimeOffset>(1), reader.GetBoolean(2)));
            (_advertised, _readAt) = (read, now);
            return read;
        }
        finally
        {
            _reading.Release();
        }
    }

    private bool IsFresh(TimeSpan age) => age > TimeSpan.Zero && _readAt != long.MinValue && time.GetElapsedTime(_readAt) < age;

    private sealed record Advertised(JobList List, DateTimeOffset StartedAt, bool IsLive);
}
