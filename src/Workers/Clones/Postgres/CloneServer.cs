using System.Globalization;
using Orchestrator.Workers.Clones.Storage;
using Orchestrator.Workers.Runtimes.Cgroups;

namespace Orchestrator.Workers.Clones.Postgres;

/// <summary>How a Postgres runs on one data directory: its walls, its files, its command line.</summary>
/// <param name="Storage">The storage that it belongs to.</param>
/// <param name="Binaries">Its programs.</param>
/// <param name="Directory">A directory of ours that holds <c>conf</c>, <c>run</c> and <c>log</c> beside the data.</param>
/// <param name="Data">The data directory, or where its overlay is mounted.</param>
/// <param name="OwnFiles">Where files that Postgres writes are found from outside.</param>
/// <param name="Mount">The overlay to mount, if any.</param>
internal sealed record CloneServer(
    CloneStorage Storage, PostgresBinaries Binaries, string Directory, string Data, string OwnFiles, CloneMount? Mount)
{
    /// <summary>A clone's, at its current revision.</summary>
    public static CloneServer Of(CloneStorage storage, CloneRecord record, int version)
    {
        var provider = CloneProviders.Named(record.Provider);
        var directory = storage.Layout.Clone(record.Spec.CloneId);
        var data = RevisionOf(directory, record.Revision);
        var mount = provider.MountOf(storage.Layout.Data(record.SnapshotId), data);
        return new CloneServer(storage, storage.BinariesFor(version), directory, mount?.Target ?? data, provider.OwnFilesOf(data), mount)
        {
            Group = GroupOf(record.Spec.CloneId, record.Revision),
        };
    }

    /// <summary>The cgroup of one revision: while a reset starts the next one, the kernel may still hold the last.</summary>
    public static string GroupOf(Guid cloneId, int revision) => string.Create(CultureInfo.InvariantCulture, $"clone-{cloneId:N}-{revision}");

    /// <summary>The data directory of one revision of a clone.</summary>
    public static string RevisionOf(string directory, int revision) => Path.Combine(directory, $"r{revision}");

    /// <summary>The name of the cgroup that bounds it; null when nothing does.</summary>
    public string? Group { get; init; }

    public string Sockets => Path.Combine(Directory, "run");

    public string LogFile => Path.Combine(Directory, "log");

    private string Configuration => Path.Combine(Directory, "conf");

    /// <summary>The binds of its sandbox: nothing else of the storage is seen in there.</summary>
    public IReadOnlyList<Bind> Binds =>
    [
        new(Data, "/clone/data"),
        new(Sockets, "/clone/run"),
        new(Configuration, "/clone/conf", IsReadOnly: true),
        .. Binaries.Prefix.StartsWith("/usr/", StringComparison.Ordinal) ? (Bind[])[] : [new(Binaries.Prefix, Binaries.Prefix, IsReadOnly: true)],
    ];

    /// <summary>Writes its settings and makes the directory of its socket.</summary>
    /// <param name="settings">Parameters beside the defaults.</param>
    /// <param name="isPreparing">Whether programs in the sandbox may be our role too, as they must to restore a dump.</param>
    public void WriteFiles(IEnumerable<KeyValuePair<string, string>> settings, bool isPreparing = false)
    {
        Storage.Sandbox.CreateDirectory(Sockets);
        var admins = isPreparing ? Storage.Sandbox.OutsideNames.Append(Storage.Sandbox.InsideName) : Storage.Sandbox.OutsideNames;
        PostgresFiles.Write(Configuration, settings, Storage.Options.PreloadLibraries, admins);
    }

    /// <summary>Runs another program of Postgres in the same sandbox, to its end.</summary>
    public Task<CommandResult> RunAsync(
        IEnumerable<string> command, CancellationToken cancellationToken, string? input = null,
        IReadOnlyDictionary<string, string>? environment = null, params IEnumerable<Bind> more) =>
        Command.RunAsync(
            Storage.Sandbox.Wrap(command, [.. Binds, .. more]), cancellationToken, input,
            new Dictionary<string, string>([.. Storage.Environment, .. environment ?? new Dictionary<string, string>(StringComparer.Ordinal)], StringComparer.Ordinal));

    /// <summary>Starts it.</summary>
    /// <param name="addresses">What to listen on; empty for its socket only.</param>
    /// <param name="port">The port, also in the name of the socket.</param>
    public Task<PostgresProcess> StartAsync(string addresses, int port) => PostgresProcess.StartAsync(new PostgresStart
    {
        Command = Storage.Sandbox.Wrap([Binaries.Program("postgres"), .. Arguments(addresses, port)], Binds),
        LogFile = LogFile,
        OwnFiles = OwnFiles,
        Environment = Storage.Environment,
        Mount = Mount,
        Cgroup = Group is null ? null : Storage.Cgroups?.Create(Group, new CgroupLimits(Storage.Options.MemoryMiB, Storage.Options.MilliCpus, Storage.Options.MaxProcesses)),
        Depth = Storage.Sandbox.Kind is SandboxKind.None ? 0 : 2,
    });

    /// <summary>The arguments of <c>postgres</c>.</summary>
    public IEnumerable<string> Arguments(string addresses, int port)
    {
        var (data, sockets, configuration) = (PathOf(Data), PathOf(Sockets), PathOf(Configuration));
        return PostgresFiles.Arguments(data, configuration, sockets, addresses, port);
    }

    /// <summary>The path at which its sandbox sees one of its binds.</summary>
    public string PathOf(string outside) => Storage.Sandbox.PathOf(Binds.First(bind => bind.Outside == outside));
}
