using Orchestrator.Workers.Calls;
using Orchestrator.Workers.Runtimes;

namespace Orchestrator.Tests.Calls;

[Collection(nameof(SharedFunctions))]
public sealed class When_a_worker_dies_with_calls_that_it_took(SharedFunctions functions)
{
    [Fact]
    public async Task Should_run_what_had_not_begun_and_end_what_had()
    {
        var worker = Random.Shared.Next(1, int.MaxValue);
        var fn = await functions.DeployAsync();
        var begun = await fn.AcceptAsync("begun", ("Fn-Delay", "3600"));
        var unbegun = await fn.AcceptAsync("not begun", ("Fn-Delay", "3600"));
        await File.WriteAllTextAsync($"{Directory}/{worker}", $"{new string(' ', 26)}\n{begun}\n", TestContext.Current.CancellationToken);

        // As a worker leaves them that was killed: no lock has its name, and its container is gone. In one transaction, so that nobody else takes them.
        var container = $"process|{new RuntimeIdentity().Machine}|1:1";
        await functions.Place.ExecuteAsync($"""
            UPDATE call SET status = 'queued', queued_at = now() WHERE id IN ('{begun}', '{unbegun}');
            UPDATE call SET status = 'running', started_at = now(), worker = {worker}, container = '{container}' WHERE id IN ('{begun}', '{unbegun}')
            """);

        var ended = await fn.UntilEndedAsync(begun);
        Assert.Equal(("error", "killed", false), (ended.GetProperty("status").GetString(), ended.GetProperty("reason").GetString(), ended.TryGetProperty("retry_at", out _)));
        ended = await fn.UntilEndedAsync(unbegun);
        Assert.Equal(("error", "killed"), (ended.GetProperty("status").GetString(), ended.GetProperty("reason").GetString()));
        var repeated = await fn.UntilEndedAsync(ended.GetProperty("retry_at").GetString()!);
        Assert.Equal(("success", "not begun", 0), (repeated.GetProperty("status").GetString(), repeated.GetProperty("result").GetString(), repeated.GetProperty("max_retries").GetInt32()));
        Assert.False(File.Exists($"{Directory}/{worker}"));
    }

    private string Directory => BegunCalls.DirectoryOf(new RuntimesOptions(), functions.Place.Source);
}
