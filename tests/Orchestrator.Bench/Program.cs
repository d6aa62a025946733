using Orchestrator.Bench;
using Orchestrator.Bench.Calls;
using Orchestrator.Bench.Clones;
using Orchestrator.Bench.Intake;
using Orchestrator.Bench.Saga;
using Orchestrator.Bench.Webhook;

// The benchmark starts itself again for what must be a process of its own.
switch (args)
{
    case [RawConsumer.Command]:
        return await RawConsumer.RunAsync();
    case [SagaWorker.Command]:
        return await SagaWorker.RunAsync();
    case [CloneHostProcess.Command, var file]:
        return await CloneHostProcess.RunAsync(file);
    case [EchoServer.Command]:
        return await EchoServer.RunAsync();
}

if (args is ["calls", .. var rest])
{
    using var stop = new CancellationTokenSource();
    Console.CancelKeyPress += (_, press) =>
    {
        press.Cancel = true;
        stop.Cancel();
    };
    return await CallsBenchmark.RunAsync(rest, stop.Token);
}

if (!BenchOptions.TryParse(args, out var options, out var problem))
{
    await Console.Error.WriteLineAsync(problem);
    return 2;
}

return await Benchmark.RunAsync(options);
