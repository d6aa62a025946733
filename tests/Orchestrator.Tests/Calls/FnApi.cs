using System.Text.Json;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Calls;

/// <summary>Short forms for the routes of functions.</summary>
internal static class FnApi
{
    public const string JsonWithCharset = "application/json; charset=utf-8";

    public static string NewName(string prefix = "a") => $"{prefix}{Guid.CreateVersion7():N}";

    /// <summary>Makes something and gives its id.</summary>
    public static async Task<string> MakeAsync(this SharedApi api, string path, object body)
    {
        var (status, made) = await api.AskAsync("POST", path, JsonSerializer.Serialize(body));
        Assert.True(status == 200, $"{status}: {made}");
        return made.GetProperty("id").GetString()!;
    }

    public static Task<string> MakeAppAsync(this SharedApi api, string? name = null) => api.MakeAsync("/v2/apps", new { name = name ?? NewName() });

    public static Task<string> MakeFnAsync(this SharedApi api, string appId, string? name = null, string image = "demo/echo:0.0.1") =>
        api.MakeAsync("/v2/fns", new { name = name ?? NewName("f"), app_id = appId, image });

    /// <summary>Checks the form of an error, and its words.</summary>
    public static async Task ShouldFailAsync(this SharedApi api, string method, string path, string? body, int status, string message)
    {
        using var response = await api.SendAsync(method, path, body);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} instead of {status}: {text}");
        Assert.Equal(JsonWithCharset, response.Content.Headers.ContentType!.ToString());
        Assert.EndsWith("}\n", text, StringComparison.Ordinal);
        var property = Assert.Single(JsonElement.Parse(text).EnumerateObject());
        Assert.Equal(("message", message), (property.Name, property.Value.GetString()));
    }
}
