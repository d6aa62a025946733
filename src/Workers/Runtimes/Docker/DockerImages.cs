using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Workers.Runtimes.Docker;

/// <summary>Makes sure that an image is there, and pulls it where it is not; a pull at a time for each.</summary>
internal sealed class DockerImages(DockerEngine engine, TimeSpan pullTimeout)
{
    private readonly ConcurrentDictionary<string, Lazy<Task>> _pulls = new(StringComparer.Ordinal);

    /// <exception cref="ImageException">It is not there and cannot be pulled, or it declares volumes.</exception>
    public async Task RequireAsync(string image, CancellationToken cancellationToken)
    {
        if (image.Length == 0 || image.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c is '?' or '#' or '%') || image.Contains("..", StringComparison.Ordinal))
            throw new ImageException(400, $"Invalid image '{image}'");
        var (status, found) = await engine.AskAsync(HttpMethod.Get, $"/images/{image}/json", null, cancellationToken);
        if (status is HttpStatusCode.NotFound)
        {
            await PullOnceAsync(image).WaitAsync(cancellationToken);
            (status, found) = await engine.AskAsync(HttpMethod.Get, $"/images/{image}/json", null, cancellationToken);
        }

        if (status is not HttpStatusCode.OK)
            throw Failed(image, status, DockerEngine.MessageOf(found));
        if (found?["Config"]?["Volumes"] is JsonObject { Count: > 0 })
            throw new ImageException(400, "image has Volume definition");
    }

    private Task PullOnceAsync(string image)
    {
        var pull = _pulls.GetOrAdd(image, _ => new Lazy<Task>(() => PullAsync(image)));
        return pull.Value;
    }

    private async Task PullAsync(string image)
    {
        using var deadline = new CancellationTokenSource(pullTimeout);
        try
        {
            var slash = image.LastIndexOf('/');
            var tagged = image.Contains('@', StringComparison.Ordinal) || image.IndexOf(':', slash + 1) > 0 ? image : $"{image}:latest";
            using var response = await engine.OpenAsync(HttpMethod.Post, $"/images/create?fromImage={Uri.EscapeDataString(tagged)}", deadline.Token);
            var text = await response.Content.ReadAsStringAsync(deadline.Token);
            if (!response.IsSuccessStatusCode)
                throw Failed(image, response.StatusCode, Message(text));
            if (text.Split('\n').Select(Error).OfType<string>().FirstOrDefault() is { } error)
                throw Failed(image, HttpStatusCode.BadGateway, error);
        }
        catch (OperationCanceledException)
        {
            throw new ImageException(504, "Image pull timed out");
        }
        finally
        {
            _pulls.TryRemove(image, out _);
        }
    }

    // What a registry says about the request is the caller's matter; anything else is a gateway that failed.
    private static ImageException Failed(string image, HttpStatusCode status, string? why) =>
        new((int)status is >= 400 and < 500 ? (int)status : 502, $"Failed to pull image '{image}': {why ?? status.ToString()}");

    private static string? Message(string text) => Parse(text)?["message"]?.ToString();

    private static string? Error(string line) => Parse(line)?["error"]?.ToString();

    private static JsonObject? Parse(string text)
    {
        try
        {
            return text.Length == 0 ? null : JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
