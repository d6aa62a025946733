using System.Collections.Concurrent;
using Npgsql;

namespace Orchestrator.Sagas.Calls;

/// <summary>A fn as it is now, ready to be called.</summary>
public sealed class FnEntry(FnApp app, Fn fn)
{
    public FnSpec Spec { get; } = FnSpec.Of(app, fn);

    /// <summary>True when it may be invoked without a token.</summary>
    public bool IsPublic { get; } = IsTrue(fn.Annotations);

    /// <summary>The row of <see cref="Spec"/>; 0 until it is known.</summary>
    internal long SpecId { get; set; }

    /// <summary>What a worker derives from the spec, once.</summary>
    public object? Derived { get; set; }

    internal static bool IsTrue(SortedDictionary<string, string> annotations) =>
        annotations.TryGetValue(FnAnnotations.Public, out var value) && value is "true";
}

/// <summary>A trigger and its fn.</summary>
public sealed record FnRoute(FnTrigger Trigger, FnEntry Fn)
{
    /// <summary>True when it may be invoked without a token.</summary>
    public bool IsPublic => Fn.IsPublic || FnEntry.IsTrue(Trigger.Annotations);
}

/// <summary>
/// Fns and triggers by what callers name them, remembered until a change of any of them is heard of. While signals do
/// not arrive nothing is remembered.
/// </summary>
public sealed class FnCatalog
{
    private const int MaxEntries = 10_000;

    private static readonly string AppOfFn = string.Join(", ", FnRows.AppColumns.Split(", ").Select(column => $"a.{column}"));
    private static readonly string FnColumns = string.Join(", ", FnRows.FnColumns.Split(", ").Select(column => $"f.{column}"));
    private static readonly string TriggerColumns = string.Join(", ", FnRows.TriggerColumns.Split(", ").Select(column => $"t.{column}"));
    private static readonly int AppWidth = FnRows.AppColumns.Split(", ").Length;
    private static readonly int FnWidth = FnRows.FnColumns.Split(", ").Length;

    private readonly NpgsqlDataSource _source;
    private readonly CallSignals _signals;
    private readonly ConcurrentDictionary<long, FnSpec> _specs = new();
    private Memory _memory = new();

    public FnCatalog(NpgsqlDataSource source, CallSignals signals)
    {
        (_source, _signals) = (source, signals);
        signals.WhenFnsChange(Forget);
    }

    /// <summary>The fn with this id.</summary>
    /// <exception cref="FnException">There is none.</exception>
    public ValueTask<FnEntry> FindAsync(string id, CancellationToken cancellationToken)
    {
        var memory = _memory;
        return memory.Fns.TryGetValue(id, out var entry) ? ValueTask.FromResult(entry) : new(ReadAsync(memory, id, cancellationToken));
    }

    /// <summary>The fn behind a path of an app.</summary>
    /// <exception cref="FnException">There is no such app, or no such trigger in it.</exception>
    public ValueTask<FnRoute> FindAsync(string appName, string path, CancellationToken cancellationToken)
    {
        var memory = _memory;
        return memory.Routes.TryGetValue((appName, path), out var route)
            ? ValueTask.FromResult(route)
            : new(ReadAsync(memory, appName, path, cancellationToken));
    }

    /// <summary>The row that keeps a spec; made by the first call of it.</summary>
    public ValueTask<long> SpecIdAsync(FnEntry entry, CancellationToken cancellationToken) =>
        entry.SpecId != 0 ? ValueTask.FromResult(entry.SpecId) : new(KeepAsync(entry, cancellationToken));

    /// <summary>The row that keeps a spec which is not quite that of its fn.</summary>
    public Task<long> SpecIdAsync(FnSpec spec, CancellationToken cancellationToken) => KeepSpecAsync(spec, cancellationToken);

    /// <summary>A spec by its row. Specs never change.</summary>
    public async ValueTask<FnSpec> SpecAsync(long id, CancellationToken cancellationToken)
    {
        if (_specs.TryGetValue(id, out var known))
            return known;
        await using var command = _source.CreateCommand("SELECT spec FROM fn_spec WHERE id = $1");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = id });
        var spec = FnSpec.FromJson((string)(await command.ExecuteScalarAsync(cancellationToken) ?? throw new InvalidOperationException($"There is no spec {id}.")));
        if (_specs.Count > MaxEntries)
            _specs.Clear();
        return _specs.GetOrAdd(id, spec);
    }

    // A read that began before a change fills the memory of before, which nobody asks any more.
    private void Forget() => _memory = new Memory();

    private async Task<FnEntry> ReadAsync(Memory memory, string id, CancellationToken cancellationToken)
    {
        await using var command = _source.CreateCommand($"SELECT {AppOfFn}, {FnColumns} FROM fn f JOIN fn_app a ON a.id = f.app_id WHERE f.id = $1");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            throw new FnException(FnErrors.FnNotFound);
        return Keep(memory.Fns, id, new FnEntry(FnRows.App(reader), FnRows.Fn(reader, AppWidth)));
    }

    private async Task<FnRoute> ReadAsync(Memory memory, string appName, string path, CancellationToken cancellationToken)
    {
        await using var command = _source.CreateCommand($"""
            SELECT {AppOfFn}, {FnColumns}, {TriggerColumns} FROM fn_app a
            LEFT JOIN fn_trigger t ON t.app_id = a.id AND t.type = '{FnTrigger.HttpType}' AND t.source = $2
            LEFT JOIN fn f ON f.id = t.fn_id
            WHERE a.name = $1
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = appName });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = path });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            throw new FnException(FnErrors.AppNotFound);
        if (await reader.IsDBNullAsync(AppWidth, cancellationToken))
            throw new FnException(FnErrors.TriggerNotFound);
        var route = new FnRoute(FnRows.Trigger(reader, AppWidth + FnWidth), new FnEntry(FnRows.App(reader), FnRows.Fn(reader, AppWidth)));
        return Keep(memory.Routes, (appName, path), route);
    }

    private TValue Keep<TKey, TValue>(ConcurrentDictionary<TKey, TValue> entries, TKey key, TValue value)
        where TKey : notnull
    {
        if (!_signals.IsListening)
            return value;
        if (entries.Count > MaxEntries)
            entries.Clear();
        return entries.GetOrAdd(key, value);
    }

    private async Task<long> KeepAsync(FnEntry entry, CancellationToken cancellationToken) =>
        entry.SpecId = await KeepSpecAsync(entry.Spec, cancellationToken);

    private async Task<long> KeepSpecAsync(FnSpec spec, CancellationToken cancellationToken)
    {
        var json = spec.ToJson();
        await using var command = _source.CreateCommand("""
            WITH made AS (INSERT INTO fn_spec (hash, fn_id, spec) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING RETURNING id)
            SELECT id FROM made UNION ALL SELECT id FROM fn_spec WHERE hash = $1 LIMIT 1
            """);
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = FnSpec.HashOf(json) });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = spec.FnId });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = json });
        // Null when somebody else was making it meanwhile: then it is there now.
        var id = await command.ExecuteScalarAsync(cancellationToken) ?? await command.ExecuteScalarAsync(cancellationToken);
        return (long)id!;
    }

    private sealed class Memory
    {
        public ConcurrentDictionary<string, FnEntry> Fns { get; } = new(StringComparer.Ordinal);
        public ConcurrentDictionary<(string App, string Path), FnRoute> Routes { get; } = new();
    }
}
