using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using Orchestrator.Local.Servers;
using Orchestrator.Sagas.Outbound;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Outbound;

public sealed class When_a_user_directs_a_request
{
    [Fact]
    public async Task Should_reach_no_name_that_resolves_to_loopback()
    {
        await using var target = await HttpTarget.StartAsync();
        using var client = OutboundStand.Client();

        foreach (var url in (string[])[$"http://localhost:{target.Port}/", $"http://2130706433:{target.Port}/", $"http://[::ffff:127.0.0.1]:{target.Port}/"])
            await Assert.ThrowsAsync<OutboundRefusedException>(() => client.GetAsync(url));

        Assert.Empty(target.Requests);
    }

    [Fact]
    public async Task Should_connect_to_the_address_that_was_checked()
    {
        await using var target = await HttpTarget.StartAsync();
        // The DNS of an attacker: public when it is checked, loopback when it is asked again.
        var asked = 0;
        using var client = OutboundStand.Client(
            OutboundStand.Settings(), _ => Task.FromResult<IPAddress[]>([IPAddress.Parse(Interlocked.Increment(ref asked) == 1 ? "192.0.2.1" : "127.0.0.1")]));
        await Assert.ThrowsAsync<OutboundRefusedException>(() => client.GetAsync($"http://rebinding.example:{target.Port}/"));
        await Assert.ThrowsAsync<OutboundRefusedException>(() => client.GetAsync($"http://rebinding.example:{target.Port}/"));

        // Of several addresses only the permitted ones are tried.
        using var mixed = OutboundStand.Client(
            OutboundStand.Settings("127.0.0.1"), _ => Task.FromResult<IPAddress[]>([IPAddress.Parse("10.255.255.1"), IPAddress.Loopback]));
        Assert.Equal(HttpStatusCode.OK, (await mixed.GetAsync($"http://mixed.example:{target.Port}/")).Status);
        Assert.Single(target.Requests);
        Assert.Equal(2, asked);
    }

    [Fact]
    public async Task Should_reach_a_target_that_is_allowed_by_name_or_address()
    {
        await using var target = await HttpTarget.StartAsync();
        target.Answer = async (_, context) =>
        {
            context.Response.StatusCode = 201;
            context.Response.Headers["X-Many"] = new(["a", "b"]);
            await context.Response.WriteAsync("made");
        };
        using var byAddress = OutboundStand.Client($"127.0.0.1:{target.Port}");
        using var byName = OutboundStand.Client($"localhost:{target.Port}");

        var answer = await byAddress.GetAsync($"http://127.0.0.1:{target.Port}/a");
        await byName.GetAsync($"http://localhost:{target.Port}/b");

        Assert.Equal((HttpStatusCode.Created, true, "a, b"), (answer.Status, answer.IsWhole, answer.Headers["x-many"]));
        Assert.Equal("made"u8.ToArray(), answer.Body);
        Assert.Equal(["/a", "/b"], target.Requests.Select(request => request.Path));
        await Assert.ThrowsAsync<OutboundRefusedException>(() => byAddress.GetAsync($"http://127.0.0.1:{FreePort.Next()}/"));
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Should_follow_no_redirect(int status)
    {
        await using var target = await HttpTarget.StartAsync();
        target.Answer = (_, context) =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = $"http://127.0.0.1:{target.Port}/elsewhere";
            return Task.CompletedTask;
        };
        using var client = OutboundStand.Client("127.0.0.1");

        var answer = await client.GetAsync(target.Address.AbsoluteUri);

        Assert.Equal(status, (int)answer.Status);
        Assert.Single(target.Requests);
    }

    [Fact]
    public async Task Should_send_nothing_of_ours_along()
    {
        await using var target = await HttpTarget.StartAsync();
        target.Answer = (_, context) =>
        {
            context.Response.Headers.SetCookie = "session=1";
            return Task.CompletedTask;
        };
        using var client = OutboundStand.Client("127.0.0.1");
        using var activity = new Activity("caller").SetIdFormat(ActivityIdFormat.W3C).Start();

        await client.GetAsync(target.Address.AbsoluteUri);
        await client.GetAsync(target.Address.AbsoluteUri);

        foreach (var request in target.Requests)
        {
            Assert.Equal(["Host", "traceparent", "User-Agent"], request.Headers.Keys.Order(StringComparer.OrdinalIgnoreCase));
            Assert.Contains(activity.TraceId.ToHexString(), request.Headers["traceparent"], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Should_pass_no_proxy_of_the_environment()
    {
        await using var target = await HttpTarget.StartAsync();
        await using var proxy = await HttpTarget.StartAsync();
        using var handler = new OutboundConnector(OutboundStand.Guard("127.0.0.1")).CreateHandler(TimeSpan.FromSeconds(5));
        handler.Proxy = new WebProxy(proxy.Address);
        Assert.False(handler.UseProxy);
        using var client = new HttpClient(handler);

        await client.GetAsync(target.Address, TestContext.Current.CancellationToken);

        Assert.Empty(proxy.Requests);
    }

    [Fact]
    public async Task Should_read_no_more_of_an_answer_than_is_allowed()
    {
        await using var target = await HttpTarget.StartAsync();
        target.Answer = async (_, context) =>
        {
            var block = new byte[64 * 1024];
            try
            {
                while (!context.RequestAborted.IsCancellationRequested)
                    await context.Response.Body.WriteAsync(block, context.RequestAborted);
            }
            catch (OperationCanceledException)
            {
                // The reader has enough.
            }
        };
        using var client = OutboundStand.Client(Options.Create(new OutboundOptions { Allow = ["127.0.0.1"], MaximumAnswerBytes = 100_000 }), resolve: null);

        var answer = await client.GetAsync(target.Address.AbsoluteUri);

        Assert.Equal((100_000, false), (answer.Body.Length, answer.IsWhole));
    }

    [Fact]
    public async Task Should_wait_no_longer_than_is_allowed()
    {
        await using var target = await HttpTarget.StartAsync();
        target.Answer = async (_, context) =>
        {
            // Alive, but never done.
            await context.Response.WriteAsync("a");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        using var client = OutboundStand.Client("127.0.0.1");

        await Assert.ThrowsAsync<TimeoutException>(() => client.GetAsync(target.Address.AbsoluteUri, TimeSpan.FromMilliseconds(300)));
    }

    [Fact]
    public async Task Should_say_that_a_target_is_away_in_another_way_than_that_it_is_refused()
    {
        using var client = OutboundStand.Client("127.0.0.1");
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync($"http://127.0.0.1:{FreePort.Next()}/"));
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await Assert.ThrowsAsync<TimeoutException>(() => client.GetAsync($"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/", TimeSpan.FromMilliseconds(300)));
    }
}
