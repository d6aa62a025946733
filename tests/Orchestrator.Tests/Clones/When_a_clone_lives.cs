using System.Text.Json;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Clones;

/// <summary>One clone from its request to its end, as clients of the original see it.</summary>
public sealed class When_a_clone_lives(Servers servers)
{
    [Fact]
    public async Task Should_be_created_changed_reset_and_deleted()
    {
        await using var stand = await CloneControl.StartAsync(servers);
        var snapshot = await stand.TakeSnapshotAsync();

        // As the original's command line sends it.
        var (status, body) = await stand.AskAsync("POST", "/clone",
            """{"id":"dev-1","protected":false,"db":{"username":"dev \"o\\'x","password":"correct-horse-battery","restricted":false,"db_name":""},"snapshot":null,"extra_conf":{},"branch":"","project":"shop","name":"mine"}""");
        Assert.True(status == 201, $"{status} {body}");
        Assert.Equal("CREATING", body.GetProperty("status").GetProperty("code").GetString());
        Assert.Equal(snapshot, body.GetProperty("snapshot").GetProperty("id").GetString());
        Assert.Equal(snapshot, body.GetProperty("snapshotId").GetString());
        Assert.Equal(JsonValueKind.Null, body.GetProperty("deleteAt").ValueKind);
        Assert.Equal("", body.GetProperty("db").GetProperty("password").GetString());

        var ready = await stand.UntilAsync("dev-1", "OK");
        var db = ready.GetProperty("db");
        Assert.Equal($"host=127.0.0.1 port={db.GetProperty("port").GetString()} user='dev \"o\\\\\\'x' dbname=shop", db.GetProperty("connStr").GetString());
        Assert.True(ready.GetProperty("cloningTime").GetDouble() > 0);
        Assert.Equal("shop", ready.GetProperty("project").GetString());
        Assert.Equal("admin", ready.GetProperty("username").GetString());
        Assert.DoesNotContain("battery", await stand.Place.ScalarAsync<string>("SELECT clone::text FROM clone"), StringComparison.Ordinal);

        var (_, instance) = await stand.AskAsync("GET", "/status");
        Assert.Equal("OK", instance.GetProperty("status").GetProperty("code").GetString());
        Assert.Equal(1, instance.GetProperty("numClones").GetInt32());
        Assert.Equal("dev-1", instance.GetProperty("cloning").GetProperty("clones")[0].GetProperty("id").GetString());
        Assert.Equal(snapshot, instance.GetProperty("snapshots")[0].GetProperty("id").GetString());
        Assert.True(instance.GetProperty("expectedCloningTime").GetDouble() > 0);
        Assert.True(instance.GetProperty("disk").GetProperty("free").GetInt64() > 0);
        Assert.True(instance.GetProperty("pools")[0].GetProperty("thin").GetBoolean());

        (status, body) = await stand.AskAsync("PATCH", "/clone/dev-1", """{"name":"ours"}""");
        Assert.Equal(200, status);
        Assert.Equal("ours", body.GetProperty("name").GetString());
        Assert.Equal("shop", body.GetProperty("project").GetString());

        (status, _) = await stand.AskAsync("POST", "/clone/dev-1/reset", """{"snapshotID":"","latest":false}""");
        Assert.Equal(200, status);
        var reset = await stand.UntilAsync("dev-1", "OK");
        Assert.Equal(1, reset.GetProperty("revision").GetInt32());
        Assert.Equal(db.GetProperty("port").GetString(), reset.GetProperty("db").GetProperty("port").GetString());

        (status, body) = await stand.AskAsync("DELETE", "/clone/dev-1");
        Assert.Equal(200, status);
        Assert.Equal(JsonValueKind.Undefined, body.ValueKind);
        await stand.UntilGoneAsync("dev-1");
        (status, body) = await stand.AskAsync("GET", "/clone/dev-1");
        Assert.Equal((404, "NOT_FOUND"), (status, body.GetProperty("code").GetString()));

        var (_, events) = await stand.AskAsync("GET", "/clone/dev-1/events");
        Assert.Equal(
            ["requested", "created", "updated", "reset requested", "reset", "deletion requested", "deleted"],
            events.GetProperty("items").EnumerateArray().Select(e => e.GetProperty("what").GetString()));
        Assert.Equal(0, await stand.Place.ScalarAsync<long>("SELECT count(*) FROM timer"));
    }
}
