using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Actions;

public sealed class When_a_worker_takes_up_some_parts(Servers servers)
{
    [Fact]
    public async Task Should_leave_the_others_to_those_that_do()
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var ledger = await Ledger.StartAsync();
        await using var host = await Host.StartAllAsync(place, Host.Only("jobs"), ActionsApi.Assembly);

        using var delivery = await host.Client.SendAsync(Deliveries.Signed(Deliveries.Body(1, "queued", "self-hosted")), TestContext.Current.CancellationToken);
        Assert.Equal(200, (int)delivery.StatusCode);
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT count(*) = 1 FROM job"), "the job");
        var (status, body) = await ActionsApi.AskAsync(host, "POST", "/api/v1/deployments", """{"action":"six","groupId":"g"}""");
        // Nobody has told yet what actions there are.
        Assert.Equal((404, "ACTION_NOT_FOUND"), (status, body.GetProperty("code").GetString()));

        await using var worker = await Host.StartWorkerAsync(place, Host.Only("Actions, clones"), ActionsApi.Assembly);
        var id = await ActionsApi.BeginAsync(host, ledger);
        var finished = await ActionsApi.FinishedAsync(host, id);

        Assert.Equal("Succeeded", finished.GetProperty("outcome").GetString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("jobs, functions")]
    public async Task Should_refuse_what_is_no_part(string parts)
    {
        await using var place = await servers.CreatePlaceAsync();
        await using var host = await Host.LaunchAsync("Orchestrator.Workers", place, Host.Only(parts));
        Assert.Equal(2, await host.Exit.WaitAsync(Wait.Patience, TestContext.Current.CancellationToken));
        var log = await File.ReadAllTextAsync(host.LogFile, TestContext.Current.CancellationToken);
        Assert.Contains("Worker:Parts", log, StringComparison.Ordinal);
    }
}
