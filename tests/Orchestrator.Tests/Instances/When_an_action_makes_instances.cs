using System.Text.Json;
using Orchestrator.Tests.Actions.Declarative;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Instances;

/// <summary>The built-in jobs provision-instances, wait-for-instances and terminate-instances, on real processes.</summary>
[Collection(nameof(DeclaredHost))]
public sealed class When_an_action_makes_instances(DeclaredHost host)
{
    private readonly string _name = DeclaredHost.NewName();

    [Fact]
    public async Task Should_hand_them_on_from_job_to_job()
    {
        var app = await AddAppAsync();
        await host.RegisterAsync($$"""
            action: {{_name}}
            input: {app: integer}
            jobs:
            - {name: make, uses: provision-instances, with: {app: "${input.app}", count: 2} }
            - {name: up, uses: wait-for-instances, with: {instances: "${jobs.make.output.instances}"} }
            """);

        var made = await host.RunAsync(_name, $$"""{"app":{{app}}}""");

        Assert.True(made.GetProperty("outcome").GetString() is "Succeeded", made.ToString());
        Assert.Equal(1, made.GetProperty("output").GetProperty("nodes").GetArrayLength());
        var running = await RunningAsync(app);
        Assert.Equal(2, running.Count);
        await Task.WhenAll(running.Select(instance => Fleet.UntilExecutedAsync(instance.GetProperty("guid").GetGuid())));
        Assert.Equal(2L, await host.Place.ScalarAsync<long>("SELECT count(*) FROM resource_event WHERE kind = 'instance' AND what = 'accepted' AND actor = $1", $"action {made.GetProperty("id").GetString()}"));

        var end = DeclaredHost.NewName();
        await host.RegisterAsync($$"""
            action: {{end}}
            input: {instances: array}
            jobs:
            - {name: end, uses: terminate-instances, with: {instances: "${input.instances}"} }
            - {name: gone, uses: wait-for-instances, with: {instances: "${input.instances}", status: terminated} }
            """);
        // One of them is no more: that is as good.
        var ids = running.Select(instance => instance.GetProperty("id").GetInt64()).Append(999_999_999);
        var ended = await host.RunAsync(end, JsonSerializer.Serialize(new { instances = ids }));

        Assert.True(ended.GetProperty("outcome").GetString() is "Succeeded", ended.ToString());
        Assert.All(running, instance => Assert.Empty(Fleet.ProcessesOf(instance.GetProperty("guid").GetGuid())));
        Assert.Equal(2L, await CountAsync(app, "terminated"));
    }

    [Fact]
    public async Task Should_end_them_when_a_later_job_fails()
    {
        var app = await AddAppAsync();
        var ill = await AddAppAsync(more: ""","image":"no/such:image","instanceLimit":9""");
        await host.RegisterAsync($$"""
            action: {{_name}}
            jobs:
            - {name: make, uses: provision-instances, with: {app: {{app}}, count: 2} }
            - {name: up, uses: wait-for-instances, with: {instances: "${jobs.make.output.instances}"} }
            - {name: more, uses: provision-instances, with: {app: {{ill}}} }
            - {name: never, uses: wait-for-instances, with: {instances: "${jobs.more.output.instances}"} }
            """);

        var deployment = await host.RunAsync(_name);

        Assert.Equal(("RolledBack", "never"), (deployment.GetProperty("outcome").GetString(), deployment.GetProperty("failedJob").GetString()));
        // It says at once, and why: there is nothing to wait for.
        Assert.Contains("is failed (start_failed: ", deployment.GetProperty("rollbackError").GetString(), StringComparison.Ordinal);
        Assert.Contains("and will not be running", deployment.GetProperty("rollbackError").GetString(), StringComparison.Ordinal);
        Assert.Equal((2L, 1L), (await CountAsync(app, "terminated"), await CountAsync(ill, "terminated")));
        Assert.Equal(0L, await host.Place.ScalarAsync<long>("SELECT count(*) FROM placement WHERE app_id = ANY ($1)", new[] { app, ill }));
    }

    [Fact]
    public async Task Should_make_all_or_none()
    {
        var app = await AddAppAsync(more: ""","instanceLimit":2""");
        await host.RegisterAsync($$"""
            action: {{_name}}
            jobs:
            - {name: make, uses: provision-instances, with: {app: {{app}}, count: 3} }
            """);

        var deployment = await host.RunAsync(_name);

        Assert.Equal("RolledBack", deployment.GetProperty("outcome").GetString());
        Assert.Contains("INSTANCE_LIMIT: The app has 2 instances", deployment.GetProperty("rollbackError").GetString(), StringComparison.Ordinal);
        Assert.Equal(0L, await host.Place.ScalarAsync<long>("SELECT count(*) FROM instance WHERE app_id = $1", app));
    }

    [Theory]
    [InlineData("provision-instances", "{}", "app")]
    [InlineData("provision-instances", "{app: one}", "app")]
    [InlineData("provision-instances", "{app: 0}", "app")]
    [InlineData("provision-instances", "{app: 1, count: 0}", "count")]
    [InlineData("provision-instances", "{app: 1, count: 101}", "count")]
    [InlineData("provision-instances", "{app: 1, instanceType: huge}", "instanceType")]
    [InlineData("provision-instances", "{app: 1, region: -1}", "region")]
    [InlineData("provision-instances", "{app: 1, size: small}", "size")]
    [InlineData("wait-for-instances", "{}", "instances")]
    [InlineData("wait-for-instances", "{instances: []}", "instances")]
    [InlineData("wait-for-instances", "{instances: [1], status: asleep}", "status")]
    [InlineData("wait-for-instances", "{instances: [1], timeout: 2d}", "timeout")]
    [InlineData("terminate-instances", "{instances: 1}", "instances")]
    [InlineData("terminate-instances", "{instances: [1], timeout: 1ms}", "timeout")]
    public async Task Should_name_the_parameter_that_is_wrong(string job, string with, string field)
    {
        using var response = await host.SendAsync("POST", "/api/v1/actions", $$"""
            action: {{_name}}
            jobs:
            - {name: one, uses: {{job}}, with: {{with}} }
            """);
        var problem = await response.ShouldBeProblemAsync(400, "INVALID_DEFINITION");
        Assert.Contains(problem.GetProperty("errors").EnumerateObject(), error => error.Name.Contains(field, StringComparison.Ordinal) || error.Value.GetRawText().Contains($"'{field}'", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"app":999999999,"type":"small","region":1}""", "APP_NOT_FOUND: There is no app 999999999.")]
    [InlineData("""{"app":0,"type":"huge","region":1}""", "must be one of large, medium, small")]
    [InlineData("""{"app":0,"type":"small","region":999999999}""", "REGION_NOT_FOUND: There is no region 999999999.")]
    public async Task Should_say_what_a_reference_brought_wrong(string input, string error)
    {
        var app = await AddAppAsync();
        await host.RegisterAsync($$"""
            action: {{_name}}
            input: {app: integer, type: string, region: integer}
            jobs:
            - {name: make, uses: provision-instances, with: {app: "${input.app}", instanceType: "${input.type}", region: "${input.region}"} }
            """);

        var deployment = await host.RunAsync(_name, input.Replace("\"app\":0", $"\"app\":{app}", StringComparison.Ordinal));

        Assert.Equal("RolledBack", deployment.GetProperty("outcome").GetString());
        Assert.Contains(error, deployment.GetProperty("rollbackError").GetString(), StringComparison.Ordinal);
    }

    private async Task<long> AddAppAsync(string command = """["/bin/sleep","300"]""", string more = "")
    {
        var (status, body) = await host.AskAsync(
            "POST", "/api/v1/apps", $$$"""{"name":"a{{{Guid.CreateVersion7():N}}}","command":{{{command}}},"graceSeconds":2,"restartPolicy":{"mode":"no"}{{{more}}}}""");
        Assert.True(status == 201, body.ToString());
        return body.GetProperty("id").GetInt64();
    }

    private async Task<List<JsonElement>> RunningAsync(long app) =>
        [.. (await host.AskAsync("GET", $"/api/v1/apps/{app}/instances/running")).Body.GetProperty("instances").EnumerateArray()];

    private Task<long> CountAsync(long app, string status) => host.Place.ScalarAsync<long>("SELECT count(*) FROM instance WHERE app_id = $1 AND status = $2", app, status);
}
