using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Chaos;

public sealed class When_a_setting_is_wrong(Servers servers)
{
    /// <summary>Host, variable, value, and the key that the one line must name.</summary>
    private static readonly (string Project, string Variable, string Value, string Key)[] Wrong =
    [
        ("Orchestrator.Workers", "ConnectionStrings__Postgres", "", "ConnectionStrings:Postgres"),
        ("Orchestrator.Workers", "ConnectionStrings__Postgres", "Hostess=1", "ConnectionStrings:Postgres"),
        ("Orchestrator.Workers", "ConnectionStrings__RabbitMq", "", "ConnectionStrings:RabbitMq"),
        ("Orchestrator.Workers", "ConnectionStrings__RabbitMq", "http://127.0.0.1", "ConnectionStrings:RabbitMq"),
        ("Orchestrator.Workers", "Outbox__Lease", "00:00:01", "Outbox:Lease"),
        ("Orchestrator.Workers", "Outbox__SweepInterval", "often", "Outbox:SweepInterval"),
        ("Orchestrator.Workers", "Jobs__PressureMaxAge", "00:00:01", "Jobs:PressureMaxAge"),
        ("Orchestrator.Workers", "Retention__Inbox", "-1", "Retention:Inbox"),
        ("Orchestrator.Workers", "Database__MaxPoolSize", "1", "Database:MaxPoolSize"),
        ("Orchestrator.Workers", "Outbound__Allow__0", "http://build.internal", "Outbound:Allow"),
        ("Orchestrator.Api", "Auth__AdminToken", "short", "Auth:AdminToken"),
        ("Orchestrator.Api", "Host__Role", "nobody", "Host:Role"),
    ];

    [Fact]
    public async Task Should_end_the_start_with_one_line_that_names_the_key()
    {
        await using var place = await servers.CreatePlaceAsync();
        foreach (var (project, variable, value, key) in Wrong)
        {
            await using var host = await Host.LaunchAsync(project, place, (variable, value));
            var exitCode = await host.Exit.WaitAsync(Wait.Patience, TestContext.Current.CancellationToken);
            var lines = await File.ReadAllLinesAsync(host.LogFile, TestContext.Current.CancellationToken);
            Assert.True(
                exitCode == 2 && lines is [{ } line] && line.Contains(key, StringComparison.Ordinal),
                $"{variable}={value} ended with {exitCode}:\n{string.Join('\n', lines)}");
        }
    }
}
