using Orchestrator.Ledger;

return args switch
{
    ["ledger", var amqp, var file] => await EventLedger.RunAsync(new Uri(amqp), file),
    ["generate", var amqp, var api, var file, var rate] => await Generator.RunAsync(new Uri(amqp), new Uri(api), file, int.Parse(rate)),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        ledger AMQP FILE                 writes down the events of jobs as they arrive
        generate AMQP API FILE RATE      sends RATE commands a second until SIGTERM, each until it is acknowledged
        """);
    return 2;
}
