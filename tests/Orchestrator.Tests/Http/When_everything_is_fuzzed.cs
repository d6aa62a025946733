using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Orchestrator.Tests.Http.Fuzzing;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Http;

/// <summary>
/// Routes and fields come from the OpenAPI document; the seed is printed with a failure, and
/// <c>ORCHESTRATOR_FUZZ_SEED</c> repeats it.
/// </summary>
public sealed partial class When_everything_is_fuzzed(Servers servers)
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("ORCHESTRATOR_LONG") is "1";
    private static readonly TimeSpan Dose = IsLong ? TimeSpan.FromMinutes(5) : TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Most = Dose + TimeSpan.FromMinutes(2);
    private static readonly int Seed = int.TryParse(Environment.GetEnvironmentVariable("ORCHESTRATOR_FUZZ_SEED"), out var seed) ? seed : Random.Shared.Next();

    [Fact]
    public async Task Should_never_answer_5xx_and_every_4xx_in_its_form()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var host = await Host.StartApiAsync(place);
        var document = JsonElement.Parse(await host.Client.GetByteArrayAsync("/openapi/v1.json", TestContext.Current.CancellationToken));
        var operations = Operations.Of(document).Where(operation => operation.Path is not "/webhook").ToList();
        await host.Client.PutAsync("/api/v1/flavors/large", Json("{}"), TestContext.Current.CancellationToken);
        var requests = 0;
        await Task.WhenAll(FuzzAsync(0), FuzzAsync(1));
        Assert.True(requests > 300, $"{requests} requests only");
        TestContext.Current.SendDiagnosticMessage($"{requests} requests, seed {Seed}");

        async Task FuzzAsync(int lane)
        {
            var maker = new RequestMaker(new Random(Seed + lane), host.Address, operations);
            using var client = new HttpClient { BaseAddress = host.Address, Timeout = TimeSpan.FromSeconds(30) };
            // A busy machine is given the time that enough of them take.
            for (var clock = Stopwatch.StartNew(); clock.Elapsed < Dose || (Volatile.Read(ref requests) <= 300 && clock.Elapsed < Most); Interlocked.Increment(ref requests))
            {
                var (request, description) = maker.Next(Host.AdminToken);
                using (request)
                    await CheckAsync(client, request, description);
            }
        }
    }

    [Fact]
    public async Task Should_never_fail_over_a_webhook()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var host = await Host.StartAllAsync(place);
        var random = new Random(Seed);
        var accepted = 0;
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < Dose / 2;)
        {
            var body = Encoding.UTF8.GetBytes(Deliveries.Body(random.Next(1, 1000), NastyValues.Pick(random, ["queued", "in_progress", "completed", "waiting"]), "self-hosted", "large"));
            if (random.Next(5) > 0)
                body = NastyValues.Mutate(random, body);
            using var request = Deliveries.Signed(body);
            if (random.Next(4) == 0)
            {
                request.Headers.Remove("X-Hub-Signature-256");
                request.Headers.TryAddWithoutValidation("X-Hub-Signature-256", NastyValues.Pick(random, NastyValues.Headers));
            }

            if (random.Next(8) == 0)
            {
                request.Headers.Remove("X-GitHub-Event");
                request.Headers.TryAddWithoutValidation("X-GitHub-Event", NastyValues.Pick(random, NastyValues.Headers));
            }

            accepted += await CheckAsync(host.Client, request, $"webhook {Convert.ToBase64String(body)}") == 200 ? 1 : 0;
        }

        Assert.True(accepted > 0);
        // What was accepted is handled or a dead letter: nothing stays in the way.
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM outbox)"), "published");
        using var last = await host.Client.SendAsync(Deliveries.Signed(Deliveries.Body(5000, "queued", "self-hosted")), TestContext.Current.CancellationToken);
        Assert.Equal(200, (int)last.StatusCode);
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM job WHERE id = '5000')"), "handled behind all others");
    }

    private static async Task<int> CheckAsync(HttpClient client, HttpRequestMessage request, string description)
    {
        HttpResponseMessage response;
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            deadline.CancelAfter(TimeSpan.FromSeconds(20));
            response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
        }
        catch (HttpRequestException exception) when (exception.InnerException is null or FormatException)
        {
            // The client itself refuses to send it.
            return 0;
        }

        using (response)
        {
            var status = (int)response.StatusCode;
            if (response.Content.Headers.ContentType is { MediaType: "text/event-stream" })
                return status;
            var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(status < 500, $"{status} for {description}\nseed {Seed}\n{text}");
            if (status >= 400 && request.Method != HttpMethod.Head)
                DemandForm(request.RequestUri!, response.Content.Headers.ContentType, text, status, description);
            return status;
        }
    }

    private static void DemandForm(Uri uri, MediaTypeHeaderValue? contentType, string text, int status, string description)
    {
        if (contentType?.MediaType is "application/json" && MessageRoutes().IsMatch(uri.OriginalString))
        {
            Assert.Equal("message", Assert.Single(JsonElement.Parse(text).EnumerateObject()).Name);
            return;
        }

        if (contentType?.MediaType is "application/json" && CloneRoutes().IsMatch(uri.OriginalString))
        {
            Assert.Equal(["code", "name", "hint", "message"], JsonElement.Parse(text).EnumerateObject().Select(member => member.Name));
            return;
        }

        Assert.True(contentType?.MediaType is "application/problem+json", $"{status} with {contentType} for {description}\nseed {Seed}\n{text}");
        var problem = JsonElement.Parse(text);
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        foreach (var name in (string[])["type", "title", "detail", "code", "hint", "message", "traceId"])
            Assert.False(string.IsNullOrEmpty(problem.GetProperty(name).GetString()), $"{name} is empty for {description}: {text}");
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
    }

    // Errors of the function routes have the original's form, unless the server itself cannot read the request.
    [GeneratedRegex("^http://[^/]+/+(v2|invoke|t)(/|\\?|%2f|$)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex MessageRoutes();

    [GeneratedRegex("^https?://[^/]+/(clone|clones|snapshot|snapshots|status|branch|branches|full-refresh|instance/retrieval)([/?]|$)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CloneRoutes();

    private static ByteArrayContent Json(string json) => new(Encoding.UTF8.GetBytes(json)) { Headers = { ContentType = new("application/json") } };
}
