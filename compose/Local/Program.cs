using Orchestrator.Local.Run;

switch (args)
{
    case ["run", .. var options]:
        return await RunCommand.ExecuteAsync(options);
    default:
        await Console.Error.WriteLineAsync("This program serves ./run; see ./run --help.");
        return 2;
}
