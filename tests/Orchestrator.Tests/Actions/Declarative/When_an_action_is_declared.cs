using System.Text.Json;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Actions.Declarative;

[Collection(nameof(DeclaredHost))]
public sealed class When_an_action_is_declared(DeclaredHost host)
{
    private readonly string _name = DeclaredHost.NewName();

    [Fact]
    public async Task Should_get_a_version_for_each_change_and_keep_them_all()
    {
        Assert.Equal((1, true), Told(await host.RegisterAsync(Waiting("0s"))));
        Assert.Equal((1, false), Told(await host.RegisterAsync("# says the same\n" + Waiting("0s"))));
        Assert.Equal((2, true), Told(await host.RegisterAsync(Waiting("1ms"))));
        using (var put = await host.SendAsync("PUT", $"/api/v1/actions/{_name}", Waiting("0s")))
            Assert.Equal((3, true), Told(await SharedApi.BodyAsync(put)));

        var versions = (await host.AskAsync("GET", $"/api/v1/actions/{_name}/versions")).Body.GetProperty("items").EnumerateArray().ToList();
        Assert.Equal([3, 2, 1], versions.Select(version => version.GetProperty("version").GetInt32()));
        Assert.Equal(3, versions.Select(version => version.GetProperty("hash").GetString()).Distinct().Count());
        Assert.Equal(Waiting("1ms"), (await host.AskAsync("GET", $"/api/v1/actions/{_name}/versions/2")).Body.GetProperty("definition").GetString());
        Assert.Equal(404, (await host.AskAsync("GET", $"/api/v1/actions/{_name}/versions/4")).Status);
        var (_, action) = await host.AskAsync("GET", $"/api/v1/actions/{_name}");
        Assert.Equal(("declared", 3), (action.GetProperty("source").GetString(), action.GetProperty("newest").GetProperty("version").GetInt32()));
        var listed = (await host.AskAsync("GET", "/api/v1/actions")).Body.GetProperty("items").EnumerateArray().Single(item => item.GetProperty("action").GetString() == _name);
        Assert.Equal(3, listed.GetProperty("version").GetInt32());
        await Assert.ThrowsAsync<Npgsql.PostgresException>(() => host.Place.ExecuteAsync("UPDATE declared_action_versions SET definition = '' WHERE action = $1", _name));
    }

    [Fact]
    public async Task Should_run_the_version_that_a_deployment_began_with()
    {
        await host.RegisterAsync(Waiting("3s"));
        var old = await host.BeginAsync(_name);
        await host.RegisterAsync(Waiting("0s").Replace("name: wait", "name: other", StringComparison.Ordinal));
        var young = await host.RunAsync(_name);

        Assert.Equal("other", young.GetProperty("currentJob").GetString());
        var ended = await host.EndAsync(old);
        Assert.Equal(("wait", "Succeeded"), (ended.GetProperty("currentJob").GetString(), ended.GetProperty("outcome").GetString()));
        Assert.NotEqual(young.GetProperty("hash").GetString(), ended.GetProperty("hash").GetString());
    }

    [Fact]
    public async Task Should_be_known_to_every_replica_at_once()
    {
        await using var replica = await Host.StartApiAsync(host.Place, host.Settings);
        for (var version = 1; version <= 3; version++)
        {
            var registered = Told(await host.RegisterAsync(Waiting($"{version}ms")));
            Assert.Equal((version, true), registered);
            var begun = await SharedApi.BodyAsync(await SharedApi.SendAsync(replica.Client, "POST", "/api/v1/deployments", $$"""{"action":"{{_name}}","groupId":"g"}"""));
            var ended = await host.EndAsync(begun.GetProperty("id").GetString()!);
            var newest = (await host.AskAsync("GET", $"/api/v1/actions/{_name}/versions/{version}")).Body.GetProperty("hash").GetString();
            Assert.Equal((newest, "Succeeded"), (ended.GetProperty("hash").GetString(), ended.GetProperty("outcome").GetString()));
        }
    }

    [Fact]
    public async Task Should_end_for_new_deployments_when_it_is_deleted_and_go_on_for_running_ones()
    {
        await host.RegisterAsync(Waiting("3s"));
        var running = await host.BeginAsync(_name);

        Assert.Equal(204, (await host.AskAsync("DELETE", $"/api/v1/actions/{_name}")).Status);

        Assert.Equal(404, (await host.AskAsync("DELETE", $"/api/v1/actions/{_name}")).Status);
        Assert.Equal(404, (await host.AskAsync("GET", $"/api/v1/actions/{_name}")).Status);
        Assert.Equal(404, (await host.AskAsync("GET", $"/api/v1/actions/{_name}/versions")).Status);
        Assert.DoesNotContain((await host.AskAsync("GET", "/api/v1/actions")).Body.GetProperty("items").EnumerateArray(), item => item.GetProperty("action").GetString() == _name);
        Assert.Equal(404, (await host.AskAsync("POST", "/api/v1/deployments", $$"""{"action":"{{_name}}","groupId":"g"}""")).Status);
        Assert.Equal("Succeeded", (await host.EndAsync(running)).GetProperty("outcome").GetString());
        Assert.Equal((2, true), Told(await host.RegisterAsync(Waiting("3s"))));
    }

    [Fact]
    public async Task Should_register_nothing_of_a_broken_definition_and_tell_every_error()
    {
        await host.RegisterAsync(Waiting("0s"));
        using var response = await host.SendAsync("POST", "/api/v1/actions", Waiting("soon") + "  polciy: {}\n- name: more\n  uses: magic\n");
        var problem = await response.ShouldBeProblemAsync(400, "INVALID_DEFINITION");

        Assert.StartsWith("line 6, column 3", problem.GetProperty("errors").GetProperty("jobs[0].polciy")[0].GetString(), StringComparison.Ordinal);
        Assert.StartsWith("line 8, column 9", problem.GetProperty("errors").GetProperty("jobs[1].uses")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal(1L, await host.Place.ScalarAsync<long>("SELECT count(*) FROM declared_action_versions WHERE action = $1", _name));
    }

    [Fact]
    public async Task Should_only_be_checked_in_a_dry_run()
    {
        using (var checkedOnly = await host.SendAsync("POST", "/api/v1/actions?dryRun=true", Waiting("0s")))
            Assert.Equal(200, (int)checkedOnly.StatusCode);
        Assert.Equal(404, (await host.AskAsync("GET", $"/api/v1/actions/{_name}")).Status);
    }

    [Fact]
    public async Task Should_belong_to_its_application_or_to_all()
    {
        await host.RegisterAsync(Waiting("0s"));
        await host.RegisterAsync($"application: shop\n{Waiting("0s").Replace("name: wait", "name: of-shop", StringComparison.Ordinal)}");

        var generic = (await host.AskAsync("POST", "/api/v1/deployments", $$"""{"action":"{{_name}}","application":"other","groupId":"g"}""")).Body;
        var own = (await host.AskAsync("POST", "/api/v1/deployments", $$"""{"action":"{{_name}}","application":"shop","groupId":"g"}""")).Body;

        Assert.Equal(("wait", "of-shop"), (generic.GetProperty("currentJob").GetString(), own.GetProperty("currentJob").GetString()));
        Assert.Equal("shop", (await host.AskAsync("GET", $"/api/v1/actions/{_name}?application=shop")).Body.GetProperty("application").GetString());
    }

    [Fact]
    public async Task Should_be_registered_once_when_two_do_it_at_once()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => host.RegisterAsync(Waiting("0s"))));

        Assert.Equal(1, answers.Count(answer => answer.GetProperty("isNew").GetBoolean()));
        Assert.All(answers, answer => Assert.Equal(1, answer.GetProperty("version").GetInt32()));
    }

    [Fact]
    public async Task Should_serve_the_schema_and_refuse_other_media_types()
    {
        var (status, schema) = await host.AskAsync("GET", "/api/v1/schemas/action");
        Assert.Equal(200, status);
        Assert.Equal(["url"], schema.GetProperty("$defs").GetProperty("http-request").GetProperty("required").EnumerateArray().Select(name => name.GetString()));
        using var html = await host.SendAsync("POST", "/api/v1/actions", Waiting("0s"), "text/html");
        await html.ShouldBeProblemAsync(415, "UNSUPPORTED_MEDIA_TYPE");
        using var unasked = await host.SendAsync("POST", "/api/v1/actions", Waiting("0s"), "application/x-www-form-urlencoded");
        Assert.Equal(201, (int)unasked.StatusCode);
        using var renamed = await host.SendAsync("PUT", "/api/v1/actions/another", Waiting("0s"));
        await renamed.ShouldBeProblemAsync(400, "INVALID_FIELD");
    }

    private string Waiting(string time) => $"action: {_name}\njobs:\n- name: wait\n  uses: wait-until\n  with: {{after: {time}}}\n";

    private static (int Version, bool IsNew) Told(JsonElement registration) =>
        (registration.GetProperty("version").GetInt32(), registration.GetProperty("isNew").GetBoolean());
}
