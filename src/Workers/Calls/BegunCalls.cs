using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Microsoft.Win32.SafeHandles;
using Npgsql;
using Orchestrator.Workers.Runtimes;

namespace Orchestrator.Workers.Calls;

/// <summary>
/// Which of the calls that a worker has taken it has begun to execute: a file of fixed entries, which outlives the worker but not
/// the machine. What a dead worker took and never began can be run without harm.
/// </summary>
public sealed class BegunCalls : IDisposable
{
    /// <summary>An id and a line's end.</summary>
    private const int EntryLength = 27;

    /// <summary>Whoever made a file takes its lock in the database within this time.</summary>
    private static readonly TimeSpan Young = TimeSpan.FromSeconds(10);

    private static readonly byte[] Empty = [.. Enumerable.Repeat((byte)' ', EntryLength - 1), (byte)'\n'];

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _entries = new(StringComparer.Ordinal);
    private readonly Stack<int> _free = new();
    private readonly string _directory;
    private readonly string _file;
    private readonly SafeFileHandle _handle;
    private int _length;

    public BegunCalls(IOptions<RuntimesOptions> options, CallRounds rounds, NpgsqlDataSource source)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(rounds);
        ArgumentNullException.ThrowIfNull(source);
        RuntimeDirectory.Create(options.Value.EffectiveDirectory);
        RuntimeDirectory.CreatePrivate($"{options.Value.EffectiveDirectory}/begun");
        _directory = DirectoryOf(options.Value, source);
        RuntimeDirectory.CreatePrivate(_directory);
        _file = FileOf(rounds.Worker);
        _handle = File.OpenHandle(_file, FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
    }

    /// <summary>Where the files of a database's workers are: those of other databases may share the machine.</summary>
    public static string DirectoryOf(RuntimesOptions options, NpgsqlDataSource source)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(source);
        var database = new NpgsqlConnectionStringBuilder(source.ConnectionString);
        var name = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{database.Host}:{database.Port}/{database.Database}")));
        return $"{options.EffectiveDirectory}/begun/{Convert.ToHexStringLower(name.AsSpan(0, 6))}";
    }

    /// <summary>From here on the function may see the call.</summary>
    public void Add(string id)
    {
        lock (_lock)
        {
            if (!_free.TryPop(out var entry))
                entry = _length++;
            _entries[id] = entry;
            Span<byte> line = stackalloc byte[EntryLength];
            Empty.CopyTo(line);
            Encoding.ASCII.GetBytes(id, line);
            RandomAccess.Write(_handle, line, (long)entry * EntryLength);
        }
    }

    /// <summary>Its end is committed.</summary>
    public void Remove(string id)
    {
        lock (_lock)
        {
            if (!_entries.Remove(id, out var entry) || _handle.IsClosed)
                return;
            RandomAccess.Write(_handle, Empty, (long)entry * EntryLength);
            _free.Push(entry);
        }
    }

    /// <summary>What a worker of this machine has begun; null when nothing is known of it.</summary>
    public IReadOnlySet<string>? Of(int worker)
    {
        try
        {
            return File.ReadLines(FileOf(worker)).Select(line => line.TrimEnd()).Where(id => id.Length > 0).ToHashSet(StringComparer.Ordinal);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Other workers of this machine and database that files are left of; those that have only just started left out.</summary>
    public IReadOnlyList<int> Others(DateTimeOffset now) =>
    [
        .. new DirectoryInfo(_directory).EnumerateFiles()
            .Where(file => file.FullName != _file && now - new DateTimeOffset(file.LastWriteTimeUtc) > Young)
            .Select(file => int.TryParse(file.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var worker) ? worker : -1)
            .Where(worker => worker >= 0),
    ];

    /// <summary>Forgets a dead worker, all of whose calls have ended.</summary>
    public void Forget(int worker) => File.Delete(FileOf(worker));

    public void Dispose()
    {
        lock (_lock)
        {
            if (_handle.IsClosed)
                return;
            _handle.Dispose();
            // What it began and did not end is found by it.
            if (_entries.Count == 0)
                File.Delete(_file);
        }
    }

    private string FileOf(int worker) => string.Create(CultureInfo.InvariantCulture, $"{_directory}/{worker}");
}
