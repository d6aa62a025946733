using Orchestrator.Tests.Infrastructure;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Orchestrator.Tests.Messaging;

[Collection(nameof(SharedHost))]
public sealed class When_a_publisher_has_a_user_of_its_own(SharedHost host, Servers servers) : IAsyncLifetime
{
    private const ushort AccessRefused = 403;
    private const string Queue = "orchestrator-enqueue-job";

    private readonly string _user = $"u{Guid.CreateVersion7():N}";
    private IConnection _connection = null!;

    public async ValueTask InitializeAsync()
    {
        var vhost = Uri.UnescapeDataString(host.Place.Amqp.AbsolutePath[1..]);
        var uri = await servers.RabbitMq.CreatePublisherAsync(vhost, _user, TestContext.Current.CancellationToken);
        _connection = await new ConnectionFactory { Uri = uri, AutomaticRecoveryEnabled = false }.CreateConnectionAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await servers.RabbitMq.Management.DeleteAsync($"api/users/{_user}");
    }

    [Fact]
    public async Task Should_publish_commands()
    {
        await using var channel = await _connection.CreateChannelAsync(new CreateChannelOptions(true, true), TestContext.Current.CancellationToken);
        var body = $$"""{"platform":"github","id":"{{_user}}","labels":[]}""";
        await channel.BasicPublishAsync(
            "orchestrator.jobs.enqueue-job", "", mandatory: true, System.Text.Encoding.UTF8.GetBytes(body), TestContext.Current.CancellationToken);
        await Wait.UntilAsync(() => host.Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM job WHERE id = $1)", _user), "handled");
    }

    [Theory]
    [InlineData("")]
    [InlineData("amq.direct")]
    [InlineData("github-workflow-jobs")]
    public async Task Should_publish_nowhere_else(string exchange) =>
        await RefusedAsync(channel => channel.BasicPublishAsync(exchange, Queue, mandatory: true, "{}"u8.ToArray()).AsTask());

    [Fact]
    public async Task Should_neither_read_bind_purge_nor_declare()
    {
        await RefusedAsync(channel => channel.BasicGetAsync(Queue, autoAck: false));
        await RefusedAsync(channel => channel.BasicConsumeAsync(Queue, autoAck: false, new AsyncDefaultBasicConsumer(channel)));
        await RefusedAsync(channel => channel.QueueBindAsync(Queue, "orchestrator.jobs.job-assigned", ""));
        await RefusedAsync(channel => channel.QueuePurgeAsync(Queue));
        await RefusedAsync(channel => channel.QueueDeleteAsync(Queue, ifUnused: false, ifEmpty: false));
        await RefusedAsync(channel => channel.QueueDeclareAsync(""));
        await RefusedAsync(channel => channel.ExchangeDeclareAsync("orchestrator.mine", "fanout"));
        await RefusedAsync(channel => channel.ExchangeDeleteAsync("orchestrator.jobs.enqueue-job"));
    }

    private async Task RefusedAsync(Func<IChannel, Task> attempt)
    {
        await using var channel = await _connection.CreateChannelAsync(new CreateChannelOptions(true, true), TestContext.Current.CancellationToken);
        var refusal = await Assert.ThrowsAnyAsync<Exception>(() => attempt(channel));
        var reason = refusal is OperationInterruptedException interrupted ? interrupted.ShutdownReason : channel.CloseReason;
        Assert.Equal(AccessRefused, reason?.ReplyCode);
    }
}
