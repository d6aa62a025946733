using Orchestrator.Workers.Clones;

namespace Orchestrator.Tests.Clones;

/// <summary>One storage of clones with one snapshot, for all tests that look at single clones.</summary>
[CollectionDefinition(nameof(CloneYard))]
public sealed class CloneYardCollection : ICollectionFixture<CloneYard>;

/// <inheritdoc cref="CloneYardCollection"/>
public sealed class CloneYard : IAsyncLifetime
{
    // Roles with passwords and an owner, names with every kind of quote, a function that would run programs.
    private const string Data = """
        CREATE ROLE app LOGIN PASSWORD 'inherited-secret';
        CREATE ROLE boss LOGIN SUPERUSER PASSWORD 'inherited-secret';
        CREATE ROLE "o'dd ""role\" LOGIN PASSWORD 'inherited-secret';
        GRANT pg_execute_server_program, pg_read_server_files TO app;
        CREATE TABLE thing (id int PRIMARY KEY, note text);
        INSERT INTO thing SELECT n, 'thing ' || n FROM generate_series(1, 1000) n;
        ALTER TABLE thing OWNER TO app;
        CREATE SCHEMA "we""ird \ ' schema";
        CREATE TABLE "we""ird \ ' schema"."ta""ble" ("co'l" int GENERATED ALWAYS AS IDENTITY);
        CREATE SEQUENCE counter;
        CREATE TYPE mood AS ENUM ('good', 'bad');
        CREATE FUNCTION whoami() RETURNS text SECURITY DEFINER LANGUAGE sql AS 'SELECT current_user::text';
        CREATE DATABASE "second ""db' \";
        """;

    private TestFileSystem? _disk;
    private CloneLab? _lab;
    private Task<(CloneHostOptions Options, SnapshotReport Snapshot)>? _victim;

    internal CloneLab Lab => _lab!;

    internal SnapshotReport Snapshot { get; private set; } = null!;

    /// <summary>A second storage, for processes that are killed, with one snapshot; nobody holds it open.</summary>
    internal Task<(CloneHostOptions Options, SnapshotReport Snapshot)> Victim => _victim ??= MakeVictimAsync();

    /// <summary>On XFS where we may make one, else on whatever there is.</summary>
    public async ValueTask InitializeAsync()
    {
        string? directory = null;
        if (Orchestrator.Local.Storage.LoopFileSystem.Missing("xfs") is null)
        {
            _disk = await TestFileSystem.CreateAsync("xfs");
            directory = Path.Combine(_disk.Path, "clones");
        }

        directory ??= Orchestrator.Local.Servers.Checkout.RunDirectory("test", $"clones-{Environment.ProcessId}");
        _lab = await CloneLab.OpenAsync(CloneLab.OptionsFor(directory, "auto"));
        Snapshot = await _lab.SnapshotOfSqlAsync(Data);
    }

    public async ValueTask DisposeAsync()
    {
        if (_lab is not null)
            await _lab.DisposeAsync();
        if (_disk is not null)
            await _disk.DisposeAsync();
    }

    private async Task<(CloneHostOptions Options, SnapshotReport Snapshot)> MakeVictimAsync()
    {
        var options = CloneLab.OptionsFor(Path.GetFullPath(Path.Combine(Lab.Options.Directory, "..", $"killed-{Guid.CreateVersion7():N}")), "auto");
        await using var lab = await CloneLab.OpenAsync(options);
        return (options, await lab.SnapshotOfSqlAsync("CREATE TABLE mark (note text)"));
    }
}
