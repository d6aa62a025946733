using System.Globalization;
using System.Text.Json;
using Npgsql;
using Orchestrator.Local.Servers;
using Orchestrator.Local.Storage;
using Orchestrator.Tests.Infrastructure;
using Host = Orchestrator.Tests.Infrastructure.Host;

namespace Orchestrator.Tests.Clones;

/// <summary>The whole thing: the API and a worker as processes of their own, clones on a real file system, real Postgres in each.</summary>
internal sealed class CloneSystem : IAsyncDisposable
{
    public const string Password = "correct-horse-battery";

    private const string Dump = """
        CREATE TABLE thing (id int PRIMARY KEY, note text);
        INSERT INTO thing SELECT n, 'thing ' || n FROM generate_series(1, 1000) n;
        """;

    private readonly Place _place;
    private readonly TestFileSystem? _disk;
    private readonly string _root;

    private CloneSystem(Place place, TestFileSystem? disk, string root, Host api, Host worker) =>
        (_place, _disk, _root, Api, Worker) = (place, disk, root, api, worker);

    public Place Place => _place;

    public Host Api { get; }

    public Host Worker { get; }

    /// <summary>Where clones are kept.</summary>
    public string Directory => Path.Combine(_root, "clones");

    /// <summary>On XFS where we may make one, else on whatever there is.</summary>
    public static async Task<CloneSystem> StartAsync(Servers servers, params (string Key, string Value)[] settings)
    {
        var place = await servers.CreatePlaceAsync();
        var disk = LoopFileSystem.Missing("xfs") is null ? await TestFileSystem.CreateAsync("xfs") : null;
        var root = disk?.Path ?? System.IO.Directory.CreateDirectory(Checkout.RunDirectory("test", $"clones-{Guid.CreateVersion7():N}")).FullName;
        System.IO.Directory.CreateDirectory(Path.Combine(root, "dumps"));
        await File.WriteAllTextAsync(Path.Combine(root, "dumps", "shop.sql"), Dump, TestContext.Current.CancellationToken);
        var port = FreePort.Next();
        (string, string)[] all =
        [
            Host.Only("clones"), ("Clones__Directory", Path.Combine(root, "clones")), ("Clones__DumpRoot", Path.Combine(root, "dumps")), ("Clones__MeasureInterval", "00:00:01"),
            ("Clones__PortFrom", $"{port}"), ("Clones__PortTo", $"{port + 20}"), .. settings,
        ];
        var api = await Host.StartApiAsync(place, all);
        return new CloneSystem(place, disk, root, api, await Host.StartWorkerAsync(place, all));
    }

    public async Task<(int Status, JsonElement Body)> AskAsync(string method, string path, string? json = null, params (string Name, string Value)[] headers)
    {
        using var response = await SharedApi.SendAsync(Api.Client, method, path, json, headers);
        return ((int)response.StatusCode, await SharedApi.BodyAsync(response));
    }

    /// <summary>Makes a snapshot of a small dump.</summary>
    public async Task<string> TakeSnapshotAsync()
    {
        await Wait.UntilAsync(async () => (await AskAsync("GET", "/status")).Body.GetProperty("pools").GetArrayLength() > 0, "a host of clones", TimeSpan.FromMinutes(1));
        var (status, body) = await AskAsync("POST", "/snapshot", """{"source":{"dump":"shop.sql","database":"shop"}}""", ("Prefer", "wait=60"));
        Assert.True(status is 200 or 202, $"{status} {body}");
        var id = body.GetProperty("id").GetString()!;
        return (await SettledAsync($"/snapshot/{id}")).GetProperty("status").GetProperty("code").GetString() is "OK" ? id : throw new InvalidOperationException(body.ToString());
    }

    public async Task AskForCloneAsync(string id)
    {
        // A host that has just come back is known a moment later.
        var (status, body) = await Wait.ForAsync(
            () => AskAsync("POST", "/clone", $$$"""{"id":"{{{id}}}","db":{"username":"dev","password":"{{{Password}}}","db_name":"shop"}}"""),
            answer => answer.Status != 409, "a host that takes the clone", TimeSpan.FromMinutes(1));
        Assert.True(status == 201, $"{status} {body}");
    }

    /// <summary>Waits until something is OK or FATAL.</summary>
    public Task<JsonElement> SettledAsync(string path) => Wait.ForAsync(
        async () => (await AskAsync("GET", path)).Body,
        body => body.TryGetProperty("status", out var status) && status.GetProperty("code").GetString() is "OK" or "FATAL", $"{path} settled", TimeSpan.FromMinutes(2));

    public Task UntilGoneAsync(string path) =>
        Wait.UntilAsync(async () => (await AskAsync("GET", path)).Status == 404, $"{path} gone", TimeSpan.FromMinutes(2));

    /// <summary>The first column of the first row of a statement in a clone.</summary>
    public static async Task<string> QueryAsync(JsonElement clone, string sql)
    {
        var db = clone.GetProperty("db");
        var address = new NpgsqlConnectionStringBuilder
        {
            Host = db.GetProperty("host").GetString(),
            Port = int.Parse(db.GetProperty("port").GetString()!, CultureInfo.InvariantCulture),
            Username = db.GetProperty("username").GetString(),
            Database = db.GetProperty("dbName").GetString(),
            Password = Password,
            Pooling = false,
        };
        await using var connection = new NpgsqlConnection(address.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        return (await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))?.ToString() ?? "";
    }

    /// <summary>What lies in one of the storage's directories.</summary>
    public IReadOnlyList<string> Entries(string name) =>
        System.IO.Directory.Exists(Path.Combine(Directory, name)) ? [.. System.IO.Directory.EnumerateFileSystemEntries(Path.Combine(Directory, name))] : [];

    /// <summary>Processes that have something of the storage as an argument.</summary>
    public IReadOnlyList<string> Processes()
    {
        var found = new List<string>();
        foreach (var process in System.IO.Directory.EnumerateDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), out _)))
        {
            try
            {
                var commandLine = File.ReadAllText(Path.Combine(process, "cmdline")).Replace('\0', ' ');
                if (commandLine.Contains(Directory, StringComparison.Ordinal))
                    found.Add(commandLine);
            }
            catch (IOException)
            {
                // It has ended meanwhile.
            }
        }

        return found;
    }

    public async ValueTask DisposeAsync()
    {
        await Worker.DisposeAsync();
        await Api.DisposeAsync();
        await _place.DisposeAsync();
        if (_disk is not null)
            await _disk.DisposeAsync();
        else
            System.IO.Directory.Delete(_root, recursive: true);
    }
}
