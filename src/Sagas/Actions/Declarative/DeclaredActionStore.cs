using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;
using Orchestrator.Contracts.Actions;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Actions.Declarative;

/// <summary>
/// Declared actions as rows. Every change of content is a version of its own; an old one stays for the deployments that
/// are pinned to it, also when the action is deleted.
/// </summary>
public sealed class DeclaredActionStore(DefinitionReader reader, DeclaredActionBuilder builder, NpgsqlDataSource source)
{
    private const string Lock = """
        INSERT INTO declared_actions (application, action, version, is_deleted) VALUES ($1, $2, 0, true)
        ON CONFLICT (application, action) DO UPDATE SET version = declared_actions.version
        """;

    // A statement of its own, which sees what the holder of the lock before has committed.
    private const string Newest = """
        SELECT a.version, a.is_deleted, v.document
        FROM declared_actions a LEFT JOIN declared_action_versions v USING (application, action, version)
        WHERE application = $1 AND action = $2
        """;

    private const string Columns = "application, action, version, hash, format, definition, actor, created_at";

    /// <summary>Reads, checks and stores a definition.</summary>
    /// <param name="transaction">Commits it; of a refused definition nothing is written.</param>
    /// <param name="text">The definition.</param>
    /// <param name="format">Its language.</param>
    /// <param name="actor">Who sent it.</param>
    /// <param name="cancellationToken">Ends the wait for the database.</param>
    /// <exception cref="InvalidDefinitionException">It is refused.</exception>
    public async Task<Registration> RegisterAsync(
        DurableTransaction transaction, string text, DefinitionFormat format, string? actor, CancellationToken cancellationToken)
    {
        var declared = reader.Read(text, format);
        var document = declared.Document.ToJsonString(ParameterSchema.Json);
        var (newest, isDeleted, current) = await LockAsync(transaction, declared.Key, cancellationToken);
        var isSame = !isDeleted && string.Equals(current, document, StringComparison.Ordinal);
        var number = isSame ? newest : newest + 1;
        var version = new DeclaredVersion
        {
            Key = declared.Key,
            Version = number,
            Hash = builder.Build(declared, number).Hash,
            Format = format,
            Definition = text,
            Actor = actor,
        };
        if (isSame)
            return new Registration(version, IsNew: false);

        var trace = Activity.Current?.TraceId.ToHexString();
        await transaction.ExecuteAsync(
            """
            INSERT INTO declared_action_versions (application, action, version, hash, format, definition, document, actor, trace_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            cancellationToken, version.Key.Application, version.Key.Name, number, version.Hash, Text(format), text, document,
            Sql.Typed(NpgsqlDbType.Text, actor), Sql.Typed(NpgsqlDbType.Text, trace));
        await transaction.ExecuteAsync(
            "UPDATE declared_actions SET version = $3, is_deleted = false WHERE application = $1 AND action = $2",
            cancellationToken, version.Key.Application, version.Key.Name, number);
        transaction.Publish(new ActionRegistered { Application = version.Key.Application, Action = version.Key.Name, Version = number, Hash = version.Hash });
        Record(transaction, version.Key, "registered", $"version {number}", actor);
        return new Registration(version, IsNew: true);
    }

    /// <summary>
    /// Lets no further deployment begin; those that run go on. False when there is no such action.
    /// </summary>
    public async Task<bool> DeleteAsync(DurableTransaction transaction, ActionKey key, string? actor, CancellationToken cancellationToken)
    {
        if (await transaction.ExecuteAsync(
            "UPDATE declared_actions SET is_deleted = true WHERE application = $1 AND action = $2 AND NOT is_deleted",
            cancellationToken, key.Application, key.Name) == 0)
            return false;
        transaction.Publish(new ActionDeleted { Application = key.Application, Action = key.Name });
        Record(transaction, key, "deleted", null, actor);
        return true;
    }

    /// <summary>The hash of the newest version; null when there is no such action.</summary>
    public async Task<string?> NewestHashAsync(ActionKey key, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("""
            SELECT v.hash FROM declared_actions a JOIN declared_action_versions v USING (application, action, version)
            WHERE application = $1 AND action = $2 AND NOT is_deleted
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = key.Application });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = key.Name });
        return await command.ExecuteScalarAsync(cancellationToken) as string;
    }

    /// <summary>The version with this hash; null when there is none.</summary>
    public async Task<DeclaredVersion?> FindAsync(string hash, CancellationToken cancellationToken) =>
        (await ReadAsync($"SELECT {Columns} FROM declared_action_versions WHERE hash = $1", cancellationToken, hash)).FirstOrDefault();

    /// <summary>Every version of an action that is not deleted, the newest first; empty when there is no such action.</summary>
    public Task<IReadOnlyList<DeclaredVersion>> VersionsAsync(ActionKey key, CancellationToken cancellationToken) => ReadAsync(
        $"""
        SELECT {Columns} FROM declared_action_versions v
        WHERE application = $1 AND action = $2
        AND EXISTS (SELECT FROM declared_actions a WHERE a.application = $1 AND a.action = $2 AND NOT a.is_deleted)
        ORDER BY version DESC
        """,
        cancellationToken, key.Application, key.Name);

    /// <summary>The hashes of the newest version of every action.</summary>
    public async Task<IReadOnlyList<string>> NewestHashesAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            "SELECT hash FROM declared_actions JOIN declared_action_versions USING (application, action, version) WHERE NOT is_deleted");
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        var hashes = new List<string>();
        while (await row.ReadAsync(cancellationToken))
            hashes.Add(row.GetString(0));
        return hashes;
    }

    private static async Task<(int Version, bool IsDeleted, string? Document)> LockAsync(DurableTransaction transaction, ActionKey key, CancellationToken cancellationToken)
    {
        await transaction.ExecuteAsync(Lock, cancellationToken, key.Application, key.Name);
        await using var batch = transaction.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(Newest, key.Application, key.Name));
        await using var row = await batch.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return (row.GetInt32(0), row.GetBoolean(1), row.IsDBNull(2) ? null : row.GetString(2));
    }

    private async Task<IReadOnlyList<DeclaredVersion>> ReadAsync(string sql, CancellationToken cancellationToken, params string[] parameters)
    {
        await using var command = source.CreateCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = parameter });
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        var versions = new List<DeclaredVersion>();
        while (await row.ReadAsync(cancellationToken))
        {
            versions.Add(new DeclaredVersion
            {
                Key = new ActionKey(row.GetString(0), row.GetString(1)),
                Version = row.GetInt32(2),
                Hash = row.GetString(3),
                Format = row.GetString(4) is "json" ? DefinitionFormat.Json : DefinitionFormat.Yaml,
                Definition = row.GetString(5),
                Actor = row.IsDBNull(6) ? null : row.GetString(6),
                CreatedAt = row.GetFieldValue<DateTimeOffset>(7),
            });
        }

        return versions;
    }

    private static void Record(DurableTransaction transaction, ActionKey key, string what, string? to, string? actor) =>
        transaction.Record(new ResourceEvent
        {
            Kind = "action",
            Key = $"{key.Application}/{key.Name}",
            What = what,
            ToState = to,
            Actor = actor,
            TraceId = Activity.Current?.TraceId.ToHexString(),
        });

    private static string Text(DefinitionFormat format) => format is DefinitionFormat.Json ? "json" : "yaml";
}
