using Orchestrator.Api.Hosting;
using Orchestrator.Local.Servers;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Workers.Hosting;

namespace Orchestrator.Tests.Docs;

public sealed class When_configuration_is_documented
{
    [Fact]
    public async Task Should_list_every_key_with_its_meaning_and_default()
    {
        var rendered = ConfigurationPage.Render(typeof(OrchestratorDbContext).Assembly, typeof(WorkerRegistration).Assembly, typeof(ApiRegistration).Assembly);
        var page = Path.Combine(Checkout.Root, "docs", "configuration.md");

        if (!File.Exists(page) || !string.Equals(await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken), rendered, StringComparison.Ordinal))
        {
            var fresh = Checkout.RunDirectory("configuration.md");
            await File.WriteAllTextAsync(fresh, rendered, TestContext.Current.CancellationToken);
            Assert.Fail($"docs/configuration.md is not what the options say. Compare it with {fresh}, and copy that over.");
        }
    }
}
