using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Actions.Declarative;

[Collection(nameof(DeclaredHost))]
public sealed class When_definitions_lie_in_a_folder(DeclaredHost host)
{
    private readonly string _name = DeclaredHost.NewName();

    [Fact]
    public async Task Should_be_registered_and_again_when_a_file_changes()
    {
        var file = Path.Combine(host.Folder, $"{_name}.yaml");
        await WriteAsync(file, Waiting("0s"));
        await VersionAsync(1);

        await WriteAsync(file, Waiting("1ms"));
        await VersionAsync(2);

        await WriteAsync(file, Waiting("soon"));
        await WriteAsync(Path.Combine(host.Folder, $"{_name}-2.json"), $$"""{"action":"{{_name}}-2","jobs":[{"name":"wait","uses":"wait-until","with":{"after":"0s"} }]}""");
        await Wait.UntilAsync(async () => (await host.AskAsync("GET", $"/api/v1/actions/{_name}-2")).Status == 200, "registered");
        Assert.Equal(2, (await host.AskAsync("GET", $"/api/v1/actions/{_name}")).Body.GetProperty("newest").GetProperty("version").GetInt32());
        Assert.Contains($"line 5, column 17", await File.ReadAllTextAsync(host.Host.LogFile, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal("Succeeded", (await host.RunAsync(_name)).GetProperty("outcome").GetString());

        File.Delete(file);
        await WriteAsync(Path.Combine(host.Folder, $"{_name}-2.json"), $$"""{"action":"{{_name}}-2","jobs":[{"name":"wait","uses":"wait-until","with":{"after":"1ms"} }]}""");
        await Wait.UntilAsync(async () => (await host.AskAsync("GET", $"/api/v1/actions/{_name}-2")).Body.GetProperty("newest").GetProperty("version").GetInt32() == 2, "registered");
        Assert.Equal(200, (await host.AskAsync("GET", $"/api/v1/actions/{_name}")).Status);
    }

    private Task VersionAsync(int version) => Wait.UntilAsync(
        async () => await host.AskAsync("GET", $"/api/v1/actions/{_name}") is (200, var action) && action.GetProperty("newest").GetProperty("version").GetInt32() == version,
        $"registered as version {version}");

    private string Waiting(string time) => $"action: {_name}\njobs:\n- name: wait\n  uses: wait-until\n  with: {{after: {time}}}\n";

    private static Task WriteAsync(string file, string text) => File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
}
