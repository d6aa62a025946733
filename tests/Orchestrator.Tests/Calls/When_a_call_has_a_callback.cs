using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Calls;

[Collection(nameof(SharedFunctions))]
public sealed class When_a_call_has_a_callback(SharedFunctions functions)
{
    [Fact]
    public async Task Should_be_told_of_signed_and_again_until_it_is_taken()
    {
        var fn = await functions.DeployAsync();
        await using var target = await CallbackTarget.StartAsync(refusals: 1);
        var id = await fn.AcceptAsync("hello", ("Fn-Callback-Url", target.Url));
        var first = await target.NextAsync();
        var second = await target.NextAsync();
        Assert.Equal(first.Body, second.Body);
        foreach (var (signature, body) in (ReadOnlySpan<(string, string)>)[first, second])
        {
            var parts = signature.Split(',').ToDictionary(part => part.Split('=')[0], part => part.Split('=')[1], StringComparer.Ordinal);
            var expected = HMACSHA256.HashData(Encoding.UTF8.GetBytes(SharedFunctions.CallbackSecret), Encoding.UTF8.GetBytes($"{parts["t"]}.{body}"));
            Assert.Equal(Convert.ToHexStringLower(expected), parts["v1"]);
        }

        var told = JsonElement.Parse(second.Body);
        Assert.Equal((id, "success", "hello"), (told.GetProperty("call_id").GetString(), told.GetProperty("status").GetString(), told.GetProperty("result").GetString()));
        await Wait.UntilAsync(
            () => functions.Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM resource_event WHERE kind = 'call' AND key = $1 AND what = 'callback-delivered')", id), "noted");
    }

    [Fact]
    public async Task Should_not_reach_inner_addresses()
    {
        var fn = await functions.DeployAsync();
        var id = await fn.AcceptAsync("x", ("Fn-Callback-Url", "http://169.254.169.254/latest/meta-data"));
        await Wait.UntilAsync(
            () => functions.Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM resource_event WHERE kind = 'call' AND key = $1 AND what = 'callback-given-up')", id), "given up");
    }
}
