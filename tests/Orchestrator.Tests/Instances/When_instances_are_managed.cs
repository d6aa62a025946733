using System.Text.Json;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Instances;

/// <summary>The seed's functions over HTTP. Rows that no node is to touch are inserted as they are.</summary>
[Collection(nameof(SharedApi))]
public sealed class When_instances_are_managed(SharedApi api)
{
    [Fact]
    public async Task Should_accept_an_instance_whole()
    {
        var app = await AddAppAsync();
        using var response = await api.SendAsync("POST", $"/api/v1/apps/{app}/instances", """{"instanceType":"small"}""");
        Assert.Equal(202, (int)response.StatusCode);
        var body = await SharedApi.BodyAsync(response);
        var id = body.GetProperty("id").GetInt64();
        Assert.Equal($"/api/v1/instances/{id}", response.Headers.Location?.ToString());
        Assert.Equal("provisioning", body.GetProperty("status").GetString());
        Assert.Equal("running", body.GetProperty("instanceStatus").GetString());
        Assert.Equal("small", body.GetProperty("instanceType").GetString());
        Assert.Equal(app, body.GetProperty("appId").GetInt64());
        foreach (var name in (string[])["regionId", "containerId", "nodeName", "traceId", "version", "createdAt", "updatedAt"])
            Assert.True(body.TryGetProperty(name, out _), $"{name} is missing");
        Assert.NotEqual(Guid.Empty, body.GetProperty("guid").GetGuid());
        var read = (await api.AskAsync("GET", $"/api/v1/instances/{id}")).Body;
        Assert.Equal(body.GetProperty("guid").GetGuid(), read.GetProperty("guid").GetGuid());
        Assert.Equal(1, (await api.AskAsync("GET", $"/api/v1/apps/{app}/instances/running/count")).Body.GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task Should_give_every_instance_once_page_by_page_while_others_come()
    {
        var app = await AddAppAsync();
        await InsertAsync(app, 25);
        var seen = new List<long>();
        for (var page = 1; page <= 3; page++)
        {
            var (status, body) = await api.AskAsync("GET", $"/api/v1/apps/{app}/instances?page={page}&per_page=10");
            Assert.Equal(200, status);
            seen.AddRange(body.GetProperty("instances").EnumerateArray().Select(instance => instance.GetProperty("id").GetInt64()));
            var pagination = body.GetProperty("pagination");
            Assert.Equal((page, 10), (pagination.GetProperty("page").GetInt32(), pagination.GetProperty("perPage").GetInt32()));
            Assert.True(pagination.GetProperty("totalCount").GetInt64() >= 25);
            await InsertAsync(app, 3);
        }

        Assert.Equal(30, seen.Count);
        Assert.Equal(seen.Distinct(), seen);
        Assert.Equal(seen.Order(), seen);
        var beyond = (await api.AskAsync("GET", $"/api/v1/apps/{app}/instances?page=2147483647&per_page=500")).Body;
        Assert.Equal(0, beyond.GetProperty("instances").GetArrayLength());
        var standard = (await api.AskAsync("GET", $"/api/v1/apps/{app}/instances")).Body;
        Assert.Equal(10, standard.GetProperty("instances").GetArrayLength());
    }

    [Fact]
    public async Task Should_restrict_to_a_region()
    {
        var app = await AddAppAsync();
        var region = await AddRegionAsync();
        await InsertAsync(app, 2);
        await api.Place.ExecuteAsync("UPDATE instance SET region_id = $2 WHERE id = (SELECT max(id) FROM instance WHERE app_id = $1)", app, region);
        Assert.Equal(1, Total((await api.AskAsync("GET", $"/api/v1/apps/{app}/instances?region={region}")).Body));
        Assert.Equal(0, Total((await api.AskAsync("GET", $"/api/v1/apps/{app}/instances?region={region + 1000}")).Body));
        Assert.Equal(2, Total((await api.AskAsync("GET", $"/api/v1/apps/{app}/instances")).Body));

        static long Total(JsonElement body) => body.GetProperty("pagination").GetProperty("totalCount").GetInt64();
    }

    [Theory]
    [InlineData("page=0")]
    [InlineData("page=-1")]
    [InlineData("page=x")]
    [InlineData("per_page=0")]
    [InlineData("per_page=501")]
    [InlineData("region=west")]
    public async Task Should_say_what_is_wrong_with_a_page(string query)
    {
        var app = await AddAppAsync();
        using var response = await api.SendAsync("GET", $"/api/v1/apps/{app}/instances?{query}");
        var problem = await response.ShouldBeProblemAsync(400, "INVALID_FIELD");
        Assert.True(problem.GetProperty("errors").TryGetProperty(query.Split('=')[0], out _));
    }

    [Theory]
    [InlineData("GET", "/api/v1/instances/999999999", 404)]
    [InlineData("GET", "/api/v1/instances/99999999999999999999", 404)]
    [InlineData("GET", "/api/v1/instances/x", 400)]
    [InlineData("PATCH", "/api/v1/instances/999999999", 404)]
    [InlineData("DELETE", "/api/v1/instances/999999999", 404)]
    [InlineData("GET", "/api/v1/instances/999999999/events", 404)]
    [InlineData("GET", "/api/v1/apps/999999999/instances", 404)]
    [InlineData("POST", "/api/v1/apps/999999999/instances", 404)]
    [InlineData("POST", "/api/v1/apps/999999999/instances/terminate", 404)]
    [InlineData("GET", "/api/v1/apps/999999999/instances/running", 404)]
    [InlineData("GET", "/api/v1/apps/999999999/instances/running/count", 404)]
    [InlineData("GET", "/api/v1/apps/y", 400)]
    [InlineData("PATCH", "/api/v1/apps/999999999", 404)]
    [InlineData("DELETE", "/api/v1/apps/999999999", 404)]
    [InlineData("DELETE", "/api/v1/regions/999999999", 404)]
    [InlineData("POST", "/api/v1/nodes/none/drain", 404)]
    [InlineData("POST", "/api/v1/nodes/none/open", 404)]
    [InlineData("DELETE", "/api/v1/nodes/none", 404)]
    [InlineData("POST", "/api/v1/instances/999999999/lease", 404)]
    [InlineData("GET", "/api/v1/regions/999999999", 404)]
    [InlineData("GET", "/api/v1/nodes/none", 404)]
    public async Task Should_look_for_what_is_named_before_it_looks_at_a_body(string method, string path, int status)
    {
        using var response = await api.SendAsync(method, path, method is "GET" or "DELETE" ? null : "not json");
        await response.ShouldBeProblemAsync(status);
    }

    [Theory]
    [InlineData("{}", "instanceType")]
    [InlineData("""{"instanceType":"huge"}""", "instanceType")]
    [InlineData("""{"instanceType":"small","regionId":999999}""", "regionId")]
    [InlineData("""{"instanceType":"small","regionId":-1}""", "regionId")]
    public async Task Should_make_nothing_of_a_bad_request(string body, string field)
    {
        var app = await AddAppAsync();
        using var response = await api.SendAsync("POST", $"/api/v1/apps/{app}/instances", body);
        var problem = await response.ShouldBeProblemAsync(400, "INVALID_FIELD");
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.GetRawText());
        Assert.Equal(0, (await api.AskAsync("GET", $"/api/v1/apps/{app}/instances/running/count")).Body.GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task Should_keep_what_an_update_omits()
    {
        var id = await InsertOneAsync(await AddAppAsync(), "running");
        var before = (await api.AskAsync("GET", $"/api/v1/instances/{id}")).Body;
        var (status, noted) = await api.AskAsync("PATCH", $"/api/v1/instances/{id}", """{"containerId":"c1","nodeName":"n1"}""");
        Assert.Equal((200, "c1", "n1"), (status, noted.GetProperty("containerId").GetString(), noted.GetProperty("nodeName").GetString()));
        var (again, failed) = await api.AskAsync("PATCH", $"/api/v1/instances/{id}", """{"status":"failed","instanceStatus":"failed"}""");
        Assert.Equal((200, "failed", "failed", "c1", "n1"), (
            again, failed.GetProperty("status").GetString(), failed.GetProperty("instanceStatus").GetString(),
            failed.GetProperty("containerId").GetString(), failed.GetProperty("nodeName").GetString()));
        Assert.Equal(before.GetProperty("version").GetInt32() + 2, failed.GetProperty("version").GetInt32());
    }

    [Fact]
    public async Task Should_refuse_an_illegal_step_with_the_current_state()
    {
        var id = await InsertOneAsync(await AddAppAsync(), "running");
        using var response = await api.SendAsync("PATCH", $"/api/v1/instances/{id}", """{"status":"stopped"}""");
        var problem = await response.ShouldBeProblemAsync(409, "ILLEGAL_TRANSITION");
        Assert.Equal("running", problem.GetProperty("current").GetProperty("status").GetString());
        using var stale = await api.SendAsync("PATCH", $"/api/v1/instances/{id}", """{"status":"stopping","version":77}""");
        await stale.ShouldBeProblemAsync(409, "VERSION_CONFLICT");
        using var unknown = await api.SendAsync("PATCH", $"/api/v1/instances/{id}", """{"status":"asleep"}""");
        await unknown.ShouldBeProblemAsync(400, "INVALID_FIELD");
        using var nothing = await api.SendAsync("PATCH", $"/api/v1/instances/{id}", "{}");
        await nothing.ShouldBeProblemAsync(400, "INVALID_FIELD");
    }

    [Fact]
    public async Task Should_delete_what_is_terminated_and_the_rest_by_force_only()
    {
        var app = await AddAppAsync();
        var running = await InsertOneAsync(app, "running");
        using var refused = await api.SendAsync("DELETE", $"/api/v1/instances/{running}");
        await refused.ShouldBeProblemAsync(409, "NOT_TERMINATED");
        Assert.Equal(204, (await api.AskAsync("DELETE", $"/api/v1/instances/{running}?force=true")).Status);
        var terminated = await InsertOneAsync(app, "terminated");
        Assert.Equal(204, (await api.AskAsync("DELETE", $"/api/v1/instances/{terminated}")).Status);
        Assert.Equal(404, (await api.AskAsync("GET", $"/api/v1/instances/{terminated}")).Status);
        Assert.Equal("deleted", (await api.AskAsync("GET", $"/api/v1/instances/{terminated}/events")).Body.GetProperty("items")[0].GetProperty("what").GetString());
    }

    [Fact]
    public async Task Should_terminate_all_that_are_meant_to_run_and_say_how_many()
    {
        var app = await AddAppAsync();
        foreach (var status in (string[])["provisioning", "running", "running", "stopped", "failed", "terminated"])
            await InsertOneAsync(app, status);
        var running = (await api.AskAsync("GET", $"/api/v1/apps/{app}/instances/running")).Body.GetProperty("instances").EnumerateArray().Select(i => i.GetProperty("id").GetInt64()).ToList();
        Assert.Equal(3, running.Count);
        Assert.Equal(running.OrderDescending(), running);
        var (status2, body) = await api.AskAsync("POST", $"/api/v1/apps/{app}/instances/terminate");
        Assert.Equal((202, 3), (status2, body.GetProperty("terminated").GetInt32()));
        Assert.Equal(0, (await api.AskAsync("GET", $"/api/v1/apps/{app}/instances/running/count")).Body.GetProperty("count").GetInt32());
        Assert.Equal(0, (await api.AskAsync("POST", $"/api/v1/apps/{app}/instances/terminate")).Body.GetProperty("terminated").GetInt32());
        // One that the node has taken meanwhile ends there.
        await Wait.UntilAsync(() => api.Place.ScalarAsync<bool>("SELECT count(*) = 4 FROM instance WHERE app_id = $1 AND status = 'terminated'", app), "4 terminated");
    }

    [Fact]
    public async Task Should_hold_the_limit_of_an_app_whoever_comes_at_once()
    {
        var app = await AddAppAsync(""","instanceLimit":3""");
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => api.AskAsync("POST", $"/api/v1/apps/{app}/instances", """{"instanceType":"small"}""")));
        Assert.Equal(3, answers.Count(answer => answer.Status == 202));
        Assert.All(answers.Where(answer => answer.Status != 202), answer => Assert.Equal("INSTANCE_LIMIT", answer.Body.GetProperty("code").GetString()));
        await api.AskAsync("POST", $"/api/v1/apps/{app}/instances/terminate");
    }

    [Fact]
    public async Task Should_make_one_instance_for_one_key()
    {
        var app = await AddAppAsync();
        var key = ("Idempotency-Key", $"{Guid.CreateVersion7()}");
        var first = await api.AskAsync("POST", $"/api/v1/apps/{app}/instances", """{"instanceType":"small"}""", key);
        var second = await api.AskAsync("POST", $"/api/v1/apps/{app}/instances", """{"instanceType":"small"}""", key);
        Assert.Equal((202, 202), (first.Status, second.Status));
        Assert.Equal(first.Body.GetRawText(), second.Body.GetRawText());
        Assert.Equal(422, (await api.AskAsync("POST", $"/api/v1/apps/{app}/instances", """{"instanceType":"large"}""", key)).Status);
        Assert.Equal(1, (await api.AskAsync("GET", $"/api/v1/apps/{app}/instances/running/count")).Body.GetProperty("count").GetInt32());
        await api.AskAsync("POST", $"/api/v1/apps/{app}/instances/terminate");
    }

    [Fact]
    public async Task Should_let_the_holder_of_a_lease_write_and_nobody_else()
    {
        var id = await InsertOneAsync(await AddAppAsync(), "running");
        var (status, lease) = await api.AskAsync("POST", $"/api/v1/instances/{id}/lease", """{"ttlSeconds":60,"description":"upgrade"}""");
        Assert.Equal(201, status);
        var nonce = ("Lease-Nonce", lease.GetProperty("nonce").GetString()!);
        Assert.Equal("LEASE_HELD", (await api.AskAsync("PATCH", $"/api/v1/instances/{id}", """{"nodeName":"x"}""")).Body.GetProperty("code").GetString());
        Assert.Equal(409, (await api.AskAsync("DELETE", $"/api/v1/instances/{id}?force=true")).Status);
        Assert.Equal(409, (await api.AskAsync("POST", $"/api/v1/instances/{id}/lease")).Status);
        Assert.Equal(409, (await api.AskAsync("DELETE", $"/api/v1/instances/{id}/lease")).Status);
        var read = (await api.AskAsync("GET", $"/api/v1/instances/{id}/lease")).Body;
        Assert.Equal("upgrade", read.GetProperty("description").GetString());
        Assert.False(read.TryGetProperty("nonce", out _));
        Assert.Equal(200, (await api.AskAsync("PATCH", $"/api/v1/instances/{id}", """{"nodeName":"x"}""", nonce)).Status);
        Assert.Equal(201, (await api.AskAsync("POST", $"/api/v1/instances/{id}/lease", """{"ttlSeconds":1}""", nonce)).Status);
        await Wait.UntilAsync(async () => (await api.AskAsync("PATCH", $"/api/v1/instances/{id}", """{"nodeName":"y"}""")).Status == 200, "over");
        Assert.Equal(404, (await api.AskAsync("GET", $"/api/v1/instances/{id}/lease")).Status);
        Assert.Equal(204, (await api.AskAsync("DELETE", $"/api/v1/instances/{id}/lease", null, nonce)).Status);
    }

    [Fact]
    public async Task Should_stream_what_happens_and_go_on_after_the_last_event()
    {
        var id = await InsertOneAsync(await AddAppAsync(), "running");
        Assert.Equal(200, (await api.AskAsync("PATCH", $"/api/v1/instances/{id}", """{"nodeName":"n1"}""")).Status);
        using var stream = await LineStream.OpenAsync(api.Client, $"/api/v1/instances/{id}/events", ("Accept", "text/event-stream"));
        Assert.Equal("text/event-stream", stream.ContentType);
        Assert.Equal("event: noted", await stream.NextAsync(IsEvent));
        await api.AskAsync("PATCH", $"/api/v1/instances/{id}", """{"status":"failed"}""");
        var last = await stream.NextAsync(line => line.StartsWith("id:", StringComparison.Ordinal));
        Assert.Equal("event: failed", await stream.NextAsync(IsEvent));
        Assert.Contains("\"to\":\"failed\"", await stream.NextAsync(line => line.StartsWith("data:", StringComparison.Ordinal)), StringComparison.Ordinal);
        await api.AskAsync("PATCH", $"/api/v1/instances/{id}", """{"status":"terminated"}""");
        using var resumed = await LineStream.OpenAsync(api.Client, $"/api/v1/instances/{id}/events", ("Accept", "text/event-stream"), ("Last-Event-ID", last[4..]));
        Assert.Equal("event: end-asked", await resumed.NextAsync(IsEvent));
        Assert.Equal("event: terminated", await resumed.NextAsync(IsEvent));

        static bool IsEvent(string line) => line.StartsWith("event:", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Should_manage_apps_and_regions()
    {
        var name = $"a{Guid.CreateVersion7():N}";
        using var added = await api.SendAsync("POST", "/api/v1/apps", $$$"""{"name":"{{{name}}}","command":["/bin/sleep","9"],"ports":[8080],"healthCheck":{"type":"tcp"}}""");
        Assert.Equal(201, (int)added.StatusCode);
        var app = await SharedApi.BodyAsync(added);
        var path = added.Headers.Location!.ToString();
        Assert.Equal("tcp", app.GetProperty("healthCheck").GetProperty("type").GetString());
        Assert.Equal("on-failure", app.GetProperty("restartPolicy").GetProperty("mode").GetString());
        Assert.Equal(409, (await api.AskAsync("POST", "/api/v1/apps", $$"""{"name":"{{name}}","command":["/bin/true"]}""")).Status);
        Assert.Equal(400, (await api.AskAsync("POST", "/api/v1/apps", """{"name":"x"}""")).Status);
        Assert.Equal(400, (await api.AskAsync("POST", "/api/v1/apps", """{"name":"x","command":["/bin/true"],"healthCheck":{"type":"http"}}""")).Status);
        var (_, changed) = await api.AskAsync("PATCH", path, """{"env":{"A":"b"}}""");
        Assert.Equal("b", changed.GetProperty("env").GetProperty("A").GetString());
        Assert.Equal("/bin/sleep", changed.GetProperty("command")[0].GetString());
        Assert.Equal(name, (await api.AskAsync("GET", $"/api/v1/apps?name={name}")).Body.GetProperty("items")[0].GetProperty("name").GetString());
        await InsertOneAsync(app.GetProperty("id").GetInt64(), "stopped");
        Assert.Equal(409, (await api.AskAsync("DELETE", path)).Status);
        await api.Place.ExecuteAsync("UPDATE instance SET status = 'terminated', instance_status = 'terminated' WHERE app_id = $1", app.GetProperty("id").GetInt64());
        Assert.Equal(204, (await api.AskAsync("DELETE", path)).Status);
        Assert.Equal(404, (await api.AskAsync("GET", path)).Status);

        var region = await AddRegionAsync();
        Assert.Equal(200, (await api.AskAsync("GET", $"/api/v1/regions/{region}")).Status);
        Assert.Equal(204, (await api.AskAsync("DELETE", $"/api/v1/regions/{region}")).Status);
        Assert.Equal(404, (await api.AskAsync("DELETE", $"/api/v1/regions/{region}")).Status);
    }

    private async Task<long> AddAppAsync(string more = "")
    {
        var (status, body) = await api.AskAsync(
            "POST", "/api/v1/apps", $$$"""{"name":"a{{{Guid.CreateVersion7():N}}}","command":["/bin/sleep","300"],"restartPolicy":{"mode":"no"}{{{more}}}}""");
        Assert.True(status == 201, body.GetRawText());
        return body.GetProperty("id").GetInt64();
    }

    private async Task<long> AddRegionAsync()
    {
        var (status, body) = await api.AskAsync("POST", "/api/v1/regions", $$"""{"name":"r{{Guid.CreateVersion7():N}}"}""");
        Assert.Equal(201, status);
        return body.GetProperty("id").GetInt64();
    }

    // As they would be without a node: nothing runs of them.
    private Task InsertAsync(long app, int count) => api.Place.ExecuteAsync(
        """
        INSERT INTO instance (correlation_id, id, app_id, instance_type, status, instance_status, version, attempt, is_placed, restarts, created_at, updated_at)
        SELECT gen_random_uuid(), nextval('instance_id'), $1, 'small', 'stopped', 'stopped', 1, 1, false, 0, now(), now() FROM generate_series(1, $2)
        """, app, count);

    private Task<long> InsertOneAsync(long app, string status) => api.Place.ScalarAsync<long>(
        """
        INSERT INTO instance (correlation_id, id, app_id, instance_type, status, instance_status, version, attempt, is_placed, restarts, created_at, updated_at, region_id)
        SELECT gen_random_uuid(), nextval('instance_id'), $1, 'small', $2, CASE WHEN $2 IN ('stopped', 'failed', 'terminated') THEN $2 ELSE 'running' END, 1, 1, $2 = 'none', 0, now(), now(),
               NULL
        RETURNING id
        """, app, status);
}
