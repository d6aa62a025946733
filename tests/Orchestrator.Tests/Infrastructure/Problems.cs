using System.Text.Json;

namespace Orchestrator.Tests.Infrastructure;

public static class Problems
{
    /// <summary>Checks that an answer is a problem in the form of our own routes, and gives its code.</summary>
    public static async Task<JsonElement> ShouldBeProblemAsync(this HttpResponseMessage response, int status, string? code = null)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} instead of {status}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var body = JsonElement.Parse(text);
        Assert.Equal(status, body.GetProperty("status").GetInt32());
        foreach (var name in (string[])["type", "title", "detail", "code", "hint", "message", "traceId"])
            Assert.False(string.IsNullOrEmpty(body.GetProperty(name).GetString()), $"{name} is empty in {text}");
        if (code is not null)
            Assert.Equal(code, body.GetProperty("code").GetString());
        return body;
    }
}
