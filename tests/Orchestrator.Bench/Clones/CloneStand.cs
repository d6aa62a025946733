using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Npgsql;
using Orchestrator.Bench.Stand;
using Orchestrator.Local.Servers;

namespace Orchestrator.Bench.Clones;

/// <summary>API and worker in one process that keeps its clones on one file system, used as any client would.</summary>
internal sealed class CloneStand : IAsyncDisposable
{
    private const int Ports = 40;
    private const string User = "bench";
    private const string Password = "bench-password-of-the-user";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);

    private readonly HostProcess _host;

    private CloneStand(HostProcess host) => _host = host;

    public static async Task<CloneStand> StartAsync(TestStand stand, string directory, string provider, CancellationToken cancellationToken)
    {
        var from = Enumerable.Range(0, 1000).Select(_ => FreePort.Next()).First(port => Enumerable.Range(port, Ports).All(FreePort.IsFree));
        var clones = new CloneStand(await stand.StartHostAsync(
            "Orchestrator.Api", stand.Few, cancellationToken,
            ("Host__Role", "all"), ("Clones__Directory", Path.Combine(directory, "clones")), ("Clones__Provider", provider),
            ("Clones__PortFrom", from.ToString(CultureInfo.InvariantCulture)), ("Clones__PortTo", (from + Ports - 1).ToString(CultureInfo.InvariantCulture))));
        try
        {
            await clones.UntilAsync("status", status => status.GetProperty("pools").EnumerateArray().Any(pool =>
                pool.GetProperty("mode").GetString() == provider && pool.GetProperty("status").GetString() is not "away"), cancellationToken);
            return clones;
        }
        catch
        {
            await clones.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes a snapshot of a live server and gives its id.</summary>
    /// <param name="source">A libpq URI.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<string> TakeAsync(string source, CancellationToken cancellationToken)
    {
        using var response = await _host.Client.PostAsJsonAsync("snapshot", new { source = new { connectionString = source } }, cancellationToken);
        var asked = await BodyAsync(response, cancellationToken);
        var id = asked.GetProperty("id").GetString()!;
        await SettledAsync($"snapshot/{Uri.EscapeDataString(id)}", cancellationToken);
        return id;
    }

    /// <summary>Asks for a clone, and gives it when it takes connections.</summary>
    public async Task<JsonElement> CreateAsync(string snapshot, CancellationToken cancellationToken)
    {
        var id = $"bench-{Guid.CreateVersion7():N}";
        using var response = await _host.Client.PostAsJsonAsync(
            "clone", new { id, snapshot = new { id = snapshot }, db = new { username = User, password = Password, db_name = CloneSources.Database } }, cancellationToken);
        await BodyAsync(response, cancellationToken);
        return await SettledAsync($"clone/{id}", cancellationToken);
    }

    /// <summary>Milliseconds from the request for a clone until its user has read a row, and from that for a reset until he has again.</summary>
    public async Task<(double Create, double Reset)> MeasureAsync(string snapshot, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var clone = await CreateAsync(snapshot, cancellationToken);
        await AskAsync(clone, cancellationToken);
        var create = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        start = Stopwatch.GetTimestamp();
        var path = PathOf(clone);
        using (var response = await _host.Client.PostAsync($"{path}/reset", content: null, cancellationToken))
            await BodyAsync(response, cancellationToken);
        await AskAsync(await SettledAsync(path, cancellationToken), cancellationToken);
        var reset = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        await DeleteAsync(clone, cancellationToken);
        return (create, reset);
    }

    /// <summary>Logs in as its user and reads a row by its key.</summary>
    public static async Task AskAsync(JsonElement clone, CancellationToken cancellationToken)
    {
        var db = clone.GetProperty("db");
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder
        {
            Host = db.GetProperty("host").GetString(),
            Port = int.Parse(db.GetProperty("port").GetString()!, CultureInfo.InvariantCulture),
            Username = User,
            Password = Password,
            Database = CloneSources.Database,
            Pooling = false,
        }.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT note FROM item WHERE id = 4711", connection);
        if (await command.ExecuteScalarAsync(cancellationToken) is not string)
            throw new MeasurementException("A clone does not have the row that its snapshot has.");
    }

    /// <summary>Deletes a clone and waits until its storage is free.</summary>
    public async Task DeleteAsync(JsonElement clone, CancellationToken cancellationToken)
    {
        var path = PathOf(clone);
        using (var response = await _host.Client.DeleteAsync(path, cancellationToken))
            response.EnsureSuccessStatusCode();
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            using var response = await _host.Client.GetAsync(path, cancellationToken);
            if (response.StatusCode is HttpStatusCode.NotFound)
                return;
            await PauseAsync(path, since, cancellationToken);
        }
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private static string PathOf(JsonElement clone) => $"clone/{clone.GetProperty("id").GetString()}";

    private async Task<JsonElement> SettledAsync(string path, CancellationToken cancellationToken)
    {
        var settled = await UntilAsync(path, body => Code(body) is "OK" or "FATAL", cancellationToken);
        return Code(settled) is "OK" ? settled : throw new MeasurementException($"{path} is {settled.GetProperty("status")}");

        static string? Code(JsonElement body) => body.GetProperty("status").GetProperty("code").GetString();
    }

    private async Task<JsonElement> UntilAsync(string path, Func<JsonElement, bool> isWanted, CancellationToken cancellationToken)
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            using var response = await _host.Client.GetAsync(path, cancellationToken);
            var body = await BodyAsync(response, cancellationToken);
            if (isWanted(body))
                return body;
            await PauseAsync(path, since, cancellationToken);
        }
    }

    private static async Task PauseAsync(string path, long since, CancellationToken cancellationToken)
    {
        if (Stopwatch.GetElapsedTime(since) > Patience)
            throw new MeasurementException($"{path} did not become what was asked for.");
        await Task.Delay(Poll, cancellationToken);
    }

    private static async Task<JsonElement> BodyAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        if (!response.IsSuccessStatusCode)
            throw new MeasurementException($"{response.RequestMessage?.RequestUri}: {(int)response.StatusCode} {text}");
        return text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text);
    }
}
