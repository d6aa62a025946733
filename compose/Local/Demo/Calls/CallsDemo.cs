using Orchestrator.Local.Run;

namespace Orchestrator.Local.Demo.Calls;

/// <summary>
/// Two functions, one on the official Node FDK and one in C#, are deployed and called in every way there is: synchronously,
/// detached, asynchronously, later, by priority, again after an error, in vain, and by the clock.
/// </summary>
internal sealed class CallsDemo : IDemoPart
{
    private const string Node = "hello-node";
    private const string CSharp = "hello-dotnet";
    private const string Tag = "0.0.1";
    private const int Backlog = 8;
    private const int OfEachLevel = 4;

    public string Title => "Functions that run the official FDK";

    public async Task<bool> RunAsync(RunContext run, CancellationToken cancellationToken)
    {
        var functions = new FunctionsClient(run.Api);
        var report = new CallsReport(run.Console);
        var app = await functions.EnsureAppAsync("demo", cancellationToken);
        var node = await functions.EnsureFnAsync(app, Node, $"{Node}:{Tag}", new { memory = 128 }, cancellationToken);
        var csharp = await functions.EnsureFnAsync(app, CSharp, $"{CSharp}:{Tag}", new { memory = 256 }, cancellationToken);
        var single = await functions.EnsureFnAsync(app, "one-at-a-time", $"{Node}:{Tag}", new { memory = 128, max_concurrency = 1 }, cancellationToken);

        report.Expect("sync, Node", await functions.InvokeAsync(node, new { name = "Ada" }, cancellationToken), "success", "Hello Ada");
        report.Expect("sync, C#", await functions.InvokeAsync(csharp, new { name = "Ada" }, cancellationToken), "success", "Hello Ada");
        report.Expect("detached", await functions.EndAsync(node, await functions.DetachAsync(node, new { seconds = 0.2 }, cancellationToken), cancellationToken), "success");
        report.Expect("async", await functions.RunAsync(csharp, new { name = "Grace" }, cancellationToken), "success", "Hello Grace");
        var delayed = await functions.RunAsync(node, new { name = "later" }, cancellationToken, ("Fn-Delay", "2"));
        report.Expect("delayed by 2 s", delayed, "success");
        report.Demand(CallsReport.Between(delayed, "created_at", "queued_at") >= TimeSpan.FromSeconds(1.9), "the delayed call was queued too early");
        await RetryAsync(functions, report, node, cancellationToken);
        await CancelAsync(functions, report, node, cancellationToken);
        await ScheduleAsync(functions, report, node, cancellationToken);
        report.Print();
        await PrioritiesAsync(functions, report, single, cancellationToken);
        return report.Verdict();
    }

    private static async Task RetryAsync(FunctionsClient functions, CallsReport report, string fn, CancellationToken cancellationToken)
    {
        // It fails when it sees a key for the first time.
        var first = await functions.RunAsync(fn, new { failFirst = $"{TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()}" }, cancellationToken, ("Fn-Max-Retries", "1"), ("Fn-Retry-Delay", "1"));
        report.Expect("fails", first, "error");
        report.Expect("retried after the error", await functions.EndAsync(fn, first["retry_at"]!.ToString(), cancellationToken), "success");
    }

    private static async Task CancelAsync(FunctionsClient functions, CallsReport report, string fn, CancellationToken cancellationToken)
    {
        var id = await functions.AcceptAsync(fn, new { seconds = 20 }, cancellationToken);
        await functions.UntilAsync(fn, id, call => call["status"]!.ToString() == "running", cancellationToken);
        await functions.CancelAsync(fn, id, cancellationToken);
        report.Expect("cancelled while it ran", await functions.EndAsync(fn, id, cancellationToken), "cancelled");
    }

    private static async Task ScheduleAsync(FunctionsClient functions, CallsReport report, string fn, CancellationToken cancellationToken)
    {
        var schedule = await functions.ScheduleAsync(fn, "* * * * * ?", cancellationToken);
        try
        {
            report.Expect("by a cron schedule", await functions.ByScheduleAsync(fn, schedule, cancellationToken), "success");
        }
        finally
        {
            await functions.UnscheduleAsync(schedule, cancellationToken);
        }
    }

    private static async Task PrioritiesAsync(FunctionsClient functions, CallsReport report, string fn, CancellationToken cancellationToken)
    {
        var ids = new List<string>();
        for (var i = 0; i < Backlog; i++)
            ids.Add(await functions.AcceptAsync(fn, new { seconds = 0.1 }, cancellationToken));
        for (var i = 0; i < OfEachLevel * 3; i++)
            ids.Add(await functions.AcceptAsync(fn, new { seconds = 0.02 }, cancellationToken, ("Fn-Priority", $"{i % 3}")));
        var calls = new List<System.Text.Json.Nodes.JsonNode>();
        foreach (var id in ids)
            calls.Add(await functions.EndAsync(fn, id, cancellationToken));
        report.Priorities(calls);
    }
}
