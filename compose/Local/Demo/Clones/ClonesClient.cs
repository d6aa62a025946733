using System.Net;
using System.Text.Json;
using Orchestrator.Local.Run;

namespace Orchestrator.Local.Demo.Clones;

/// <summary>The clone routes, as a client of the original calls them.</summary>
internal sealed class ClonesClient(RunContext run)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(500);

    public const string Username = "demo";

    /// <summary>Of this run alone.</summary>
    public string Password { get; } = Servers.RandomSecret.Create();

    /// <summary>The instance's status once a host of clones is there; null when none comes.</summary>
    public async Task<JsonElement?> StatusWithHostAsync(CancellationToken cancellationToken)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(since) < Deadline / 3)
        {
            var status = await StatusAsync(cancellationToken);
            if (status.GetProperty("pools").EnumerateArray().Any(pool => pool.GetProperty("status").GetString() is not "away"))
                return status;
            await Task.Delay(PollInterval, cancellationToken);
        }

        return null;
    }

    public Task<JsonElement> StatusAsync(CancellationToken cancellationToken) => run.Api.GetFromJsonAsync<JsonElement>("status", cancellationToken);

    /// <summary>Makes a snapshot of a live server and waits until it can be cloned.</summary>
    public async Task<JsonElement> TakeSnapshotAsync(string connectionString, CancellationToken cancellationToken)
    {
        var asked = await PostAsync("snapshot", new { source = new { connectionString }, message = "made by the demo" }, cancellationToken);
        return await SettledAsync($"snapshot/{Uri.EscapeDataString(asked.GetProperty("id").GetString()!)}", cancellationToken);
    }

    /// <summary>Makes a clone and waits until it takes connections.</summary>
    public async Task<JsonElement> CreateAsync(string id, string snapshot, CancellationToken cancellationToken)
    {
        await PostAsync("clone", new { id, project = "demo", snapshot = new { id = snapshot }, db = new { username = Username, password = Password } }, cancellationToken);
        return await SettledAsync($"clone/{id}", cancellationToken);
    }

    public async Task ResetAsync(string id, CancellationToken cancellationToken)
    {
        using var response = await run.Api.PostAsync($"clone/{id}/reset", content: null, cancellationToken);
        response.EnsureSuccessStatusCode();
        await SettledAsync($"clone/{id}", cancellationToken);
    }

    /// <summary>Deletes something and waits until nothing of it is left.</summary>
    public async Task DeleteAsync(string path, CancellationToken cancellationToken)
    {
        using (var response = await run.Api.DeleteAsync(path, cancellationToken))
        {
            if (response.StatusCode is not HttpStatusCode.NotFound)
                response.EnsureSuccessStatusCode();
        }

        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            using var response = await run.Api.GetAsync(path, cancellationToken);
            if (response.StatusCode is HttpStatusCode.NotFound)
                return;
            if (TimeProvider.System.GetElapsedTime(since) > Deadline)
                throw new TimeoutException($"{path} is still there: {await response.Content.ReadAsStringAsync(cancellationToken)}");
            await Task.Delay(PollInterval, cancellationToken);
        }
    }

    private async Task<JsonElement> PostAsync(string path, object body, CancellationToken cancellationToken)
    {
        using var response = await run.Api.PostAsJsonAsync(path, body, cancellationToken);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        return response.IsSuccessStatusCode
            ? answer
            : throw new HttpRequestException($"POST /{path}: {(int)response.StatusCode} {answer.GetProperty("code")}: {answer.GetProperty("message")}");
    }

    private async Task<JsonElement> SettledAsync(string path, CancellationToken cancellationToken)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Prefer", "wait=30" } } };
            using var response = await run.Api.SendAsync(request, cancellationToken);
            response.EnsureSuccessStatusCode();
            var found = await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
            var status = found.GetProperty("status");
            if (status.GetProperty("code").GetString() is "OK")
                return found;
            if (status.GetProperty("code").GetString() is "FATAL" || TimeProvider.System.GetElapsedTime(since) > Deadline)
                throw new HttpRequestException($"{path} is {status.GetProperty("code")}: {status.GetProperty("message")}");
        }
    }
}
