using System.Security.Cryptography;
using System.Text;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Http;

[Collection(nameof(SharedApi))]
public sealed class When_a_webhook_is_received(SharedApi api)
{
    [Fact]
    public async Task Should_accept_the_originals_known_pair_of_body_and_signature()
    {
        using var response = await SendAsync(
            """{"message":"Hello, Alice!"}""", "sha256=0aca2d7154cddad4f56f246cad61f1485df34b8056e10c4e4799494376fb3413", "ping");
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal(0, response.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task Should_accept_and_ignore_another_event()
    {
        using var response = await api.Client.SendAsync(Deliveries.Signed("""{"zen":"…"}""", eventName: "push"), TestContext.Current.CancellationToken);
        Assert.Equal(200, (int)response.StatusCode);
    }

    [Fact]
    public async Task Should_need_no_token_but_a_signature()
    {
        using var response = await api.SendAsync("POST", "/webhook", "{}");
        var problem = await response.ShouldBeProblemAsync(403, "WEBHOOK_SIGNATURE_MISSING");
        Assert.Equal("missing signature header", problem.GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData("sha256=0aca2d7154cddad4f56f246cad61f1485df34b8056e10c4e4799494376fb3414")]
    [InlineData("sha256=0aca2d7154cddad4f56f246cad61f1485df34b8056e10c4e4799494376fb341")]
    [InlineData("sha256=zzca2d7154cddad4f56f246cad61f1485df34b8056e10c4e4799494376fb3413")]
    [InlineData("sha1=0aca2d7154cddad4f56f246cad61f1485df34b8056e10c4e4799494376fb3413")]
    [InlineData("sha256=")]
    [InlineData("nonsense")]
    public async Task Should_refuse_another_signature(string signature)
    {
        using var response = await SendAsync("""{"message":"Hello, Alice!"}""", signature, "ping");
        var problem = await response.ShouldBeProblemAsync(403, "WEBHOOK_SIGNATURE_INVALID");
        Assert.Equal("webhook contains invalid signature", problem.GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData(0, 200)]
    [InlineData(1, 413)]
    public async Task Should_take_a_mebibyte_and_no_more(int excess, int status)
    {
        var body = new string(' ', (1024 * 1024) + excess - 2) + "{}";
        using var response = await api.Client.SendAsync(Deliveries.Signed(body, eventName: "push"), TestContext.Current.CancellationToken);
        if (status == 200)
        {
            Assert.Equal(200, (int)response.StatusCode);
            return;
        }

        var problem = await response.ShouldBeProblemAsync(413, "BODY_TOO_LARGE");
        Assert.Contains("body length exceeds limit", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Should_say_what_is_wrong_with_a_signed_delivery()
    {
        using var broken = await api.Client.SendAsync(Deliveries.Signed("{"), TestContext.Current.CancellationToken);
        await broken.ShouldBeProblemAsync(400, "WEBHOOK_MALFORMED");
        using var incomplete = await api.Client.SendAsync(Deliveries.Signed("""{"action":"queued"}"""), TestContext.Current.CancellationToken);
        var problem = await incomplete.ShouldBeProblemAsync(400, "WEBHOOK_MALFORMED");
        Assert.Contains("workflow_job", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Should_be_posted()
    {
        using var response = await api.SendAsync("GET", "/webhook");
        await response.ShouldBeProblemAsync(405, "METHOD_NOT_ALLOWED");
    }

    private async Task<HttpResponseMessage> SendAsync(string body, string signature, string eventName)
    {
        Assert.Equal("sha256=0aca2d7154cddad4f56f246cad61f1485df34b8056e10c4e4799494376fb3413", Known);
        return await api.SendAsync("POST", "/webhook", body, ("X-Hub-Signature-256", signature), ("X-GitHub-Event", eventName));
    }

    private static string Known => "sha256=" + Convert.ToHexStringLower(
        HMACSHA256.HashData(Encoding.UTF8.GetBytes(Host.WebhookSecret), Encoding.UTF8.GetBytes("""{"message":"Hello, Alice!"}""")));
}
