using System.Net;
using System.Text.Json.Nodes;

namespace Orchestrator.Local.Demo.Calls;

/// <summary>What the demo needs of functions, over HTTP like anybody else.</summary>
internal sealed class FunctionsClient(HttpClient api)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>The id of the app of this name.</summary>
    public async Task<string> EnsureAppAsync(string name, CancellationToken cancellationToken)
    {
        var found = await GetAsync($"v2/apps?name={name}", cancellationToken);
        return found["items"]!.AsArray() is [{ } app] ? Id(app) : Id(await SendAsync(HttpMethod.Post, "v2/apps", new { name }, cancellationToken));
    }

    /// <summary>The id of the fn of this name, which runs this image from now on.</summary>
    public async Task<string> EnsureFnAsync(string appId, string name, string image, object settings, CancellationToken cancellationToken)
    {
        var body = System.Text.Json.JsonSerializer.SerializeToNode(settings)!.AsObject();
        body["image"] = image;
        var found = await GetAsync($"v2/fns?app_id={appId}&name={name}", cancellationToken);
        if (found["items"]!.AsArray() is [{ } fn])
            return Id(await SendAsync(HttpMethod.Put, $"v2/fns/{Id(fn)}", body, cancellationToken));
        body["name"] = name;
        body["app_id"] = appId;
        return Id(await SendAsync(HttpMethod.Post, "v2/fns", body, cancellationToken));
    }

    /// <summary>Invokes synchronously and gives the call, with the answer as its result.</summary>
    public async Task<JsonNode> InvokeAsync(string fn, object body, CancellationToken cancellationToken)
    {
        using var response = await PostAsync(fn, body, cancellationToken);
        var answer = await response.Content.ReadAsStringAsync(cancellationToken);
        await DemandAsync(response, HttpStatusCode.OK, cancellationToken);
        var call = await EndAsync(fn, response.Headers.GetValues("Fn-Call-Id").Single(), cancellationToken);
        call["result"] = answer;
        return call;
    }

    /// <summary>Begins a call and gives its id.</summary>
    public async Task<string> DetachAsync(string fn, object body, CancellationToken cancellationToken)
    {
        using var response = await PostAsync(fn, body, cancellationToken, ("Fn-Invoke-Type", "detached"));
        await DemandAsync(response, HttpStatusCode.Accepted, cancellationToken);
        return response.Headers.GetValues("Fn-Call-Id").Single();
    }

    /// <summary>Has a call accepted and gives its id.</summary>
    public async Task<string> AcceptAsync(string fn, object body, CancellationToken cancellationToken, params (string Name, string Value)[] headers)
    {
        using var response = await PostAsync(fn, body, cancellationToken, [("Fn-Invoke-Type", "async"), .. headers]);
        await DemandAsync(response, HttpStatusCode.Accepted, cancellationToken);
        return (await response.Content.ReadFromJsonAsync<JsonNode>(cancellationToken))!["call_id"]!.ToString();
    }

    /// <summary>Has a call accepted and waits for its end.</summary>
    public async Task<JsonNode> RunAsync(string fn, object body, CancellationToken cancellationToken, params (string Name, string Value)[] headers) =>
        await EndAsync(fn, await AcceptAsync(fn, body, cancellationToken, headers), cancellationToken);

    /// <summary>The call when it has ended.</summary>
    public Task<JsonNode> EndAsync(string fn, string id, CancellationToken cancellationToken) =>
        UntilAsync(fn, id, call => call["status"]!.ToString() is "success" or "error" or "cancelled", cancellationToken);

    /// <exception cref="TimeoutException">It did not come to that.</exception>
    public async Task<JsonNode> UntilAsync(string fn, string id, Func<JsonNode, bool> isWanted, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start) < Patience)
        {
            using var response = await api.GetAsync($"v2/fns/{fn}/calls/{id}", cancellationToken);
            // A synchronous call is written down a moment after its answer.
            if (response.StatusCode is not HttpStatusCode.NotFound)
            {
                await DemandAsync(response, HttpStatusCode.OK, cancellationToken);
                var call = (await response.Content.ReadFromJsonAsync<JsonNode>(cancellationToken))!;
                if (isWanted(call))
                    return call;
            }

            await Task.Delay(PollInterval, cancellationToken);
        }

        throw new TimeoutException($"call {id} did not end within {Patience.TotalSeconds:0} s");
    }

    public Task CancelAsync(string fn, string id, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, $"v2/fns/{fn}/calls/{id}/cancel", body: null, cancellationToken);

    /// <summary>Makes a schedule and gives its id.</summary>
    public async Task<string> ScheduleAsync(string fn, string cron, CancellationToken cancellationToken)
    {
        var body = new { name = $"demo-{TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()}", fn_id = fn, cron, payload = """{"name":"clock"}""", content_type = "application/json" };
        return Id(await SendAsync(HttpMethod.Post, "v2/schedules", body, cancellationToken));
    }

    public async Task UnscheduleAsync(string schedule, CancellationToken cancellationToken)
    {
        using var response = await api.DeleteAsync($"v2/schedules/{schedule}", cancellationToken);
        await DemandAsync(response, HttpStatusCode.NoContent, cancellationToken);
    }

    /// <summary>The first call that a schedule made, when it has ended.</summary>
    public async Task<JsonNode> ByScheduleAsync(string fn, string schedule, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start) < Patience)
        {
            var calls = (await GetAsync($"v2/fns/{fn}/calls?per_page=20", cancellationToken))["items"]!.AsArray();
            if (calls.FirstOrDefault(call => call!["headers"]?["Fn-Schedule-Id"]?[0]?.ToString() == schedule) is { } made)
                return await EndAsync(fn, Id(made), cancellationToken);
            await Task.Delay(PollInterval, cancellationToken);
        }

        throw new TimeoutException($"the schedule made no call within {Patience.TotalSeconds:0} s");
    }

    private async Task<HttpResponseMessage> PostAsync(string fn, object body, CancellationToken cancellationToken, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"invoke/{fn}") { Content = JsonContent.Create(body) };
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await api.SendAsync(request, cancellationToken);
    }

    private async Task<JsonNode> GetAsync(string path, CancellationToken cancellationToken)
    {
        using var response = await api.GetAsync(path, cancellationToken);
        await DemandAsync(response, HttpStatusCode.OK, cancellationToken);
        return (await response.Content.ReadFromJsonAsync<JsonNode>(cancellationToken))!;
    }

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body, body.GetType()) };
        using var response = await api.SendAsync(request, cancellationToken);
        await DemandAsync(response, HttpStatusCode.OK, cancellationToken);
        return (await response.Content.ReadFromJsonAsync<JsonNode>(cancellationToken))!;
    }

    private static string Id(JsonNode node) => node["id"]!.ToString();

    private static async Task DemandAsync(HttpResponseMessage response, HttpStatusCode status, CancellationToken cancellationToken)
    {
        if (response.StatusCode != status)
            throw new HttpRequestException($"{response.RequestMessage?.Method} {response.RequestMessage?.RequestUri?.PathAndQuery} answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellationToken)}");
    }
}
