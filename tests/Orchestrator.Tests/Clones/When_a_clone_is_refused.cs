using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Clones;

/// <summary>What the original answers with 500, or takes and should not, is the right 4xx with a name and a hint.</summary>
[Collection(nameof(SharedClones))]
public sealed class When_a_clone_is_refused(SharedClones shared)
{
    private CloneControl Control => shared.Control;

    [Theory]
    [InlineData("GET", "/clone/nobody", null, 404, "NOT_FOUND")]
    [InlineData("PATCH", "/clone/nobody", "{nonsense", 404, "NOT_FOUND")]
    [InlineData("DELETE", "/clone/nobody", null, 404, "NOT_FOUND")]
    [InlineData("POST", "/clone/nobody/reset", "{nonsense", 404, "NOT_FOUND")]
    [InlineData("GET", "/snapshot/nobody", null, 404, "NOT_FOUND")]
    [InlineData("PATCH", "/snapshot/nobody", "{}", 404, "NOT_FOUND")]
    [InlineData("DELETE", "/snapshot/nobody?force=true", null, 404, "NOT_FOUND")]
    [InlineData("POST", "/clone", "{}", 400, "BAD_REQUEST")]
    [InlineData("POST", "/clone", "", 400, "BAD_REQUEST")]
    [InlineData("POST", "/clone", "[", 400, "BAD_REQUEST")]
    [InlineData("POST", "/clone", """{"db":{"username":"dev"}}""", 400, "BAD_REQUEST")]
    [InlineData("POST", "/clone", """{"db":{"username":"dev","password":"password"}}""", 422, "WEAK_PASSWORD")]
    [InlineData("POST", "/clone", """{"id":"../x","db":{"username":"dev","password":"correct-horse-battery"}}""", 400, "BAD_REQUEST")]
    [InlineData("POST", "/clone", """{"id":"-x","db":{"username":"dev","password":"correct-horse-battery"}}""", 400, "BAD_REQUEST")]
    [InlineData("POST", "/clone", """{"branch":"other","db":{"username":"dev","password":"correct-horse-battery"}}""", 400, "BAD_REQUEST")]
    [InlineData("POST", "/clone", """{"extra_conf":{"archive_command":"rm"},"db":{"username":"dev","password":"correct-horse-battery"}}""", 400, "BAD_REQUEST")]
    [InlineData("POST", "/clone", """{"snapshot":7,"db":{"username":"dev","password":"correct-horse-battery"}}""", 400, "BAD_REQUEST")]
    [InlineData("POST", "/clone", """{"snapshot":{"id":"nobody"},"db":{"username":"dev","password":"correct-horse-battery"}}""", 400, "UNKNOWN_SNAPSHOT")]
    [InlineData("POST", "/clone", """{"snapshot":"2001-01-01T00:00:00Z","db":{"username":"dev","password":"correct-horse-battery"}}""", 400, "UNKNOWN_SNAPSHOT")]
    [InlineData("POST", "/snapshot", """{"source":{}}""", 400, "BAD_REQUEST")]
    [InlineData("POST", "/snapshot", """{"source":{"name":"nobody"}}""", 400, "UNKNOWN_SOURCE")]
    [InlineData("POST", "/snapshot", """{"source":{"connectionString":"host=/tmp user=x"}}""", 400, "BAD_REQUEST")]
    [InlineData("POST", "/snapshot", """{"source":{"connectionString":"host=a user=x passfile=/etc/shadow"}}""", 400, "BAD_REQUEST")]
    [InlineData("POST", "/snapshot", """{"source":{"connectionString":"host=a user=x","name":"shop"}}""", 400, "BAD_REQUEST")]
    [InlineData("POST", "/snapshot/clone", """{"cloneID":"nobody"}""", 404, "NOT_FOUND")]
    [InlineData("POST", "/snapshot/clone", "{}", 400, "BAD_REQUEST")]
    [InlineData("PUT", "/clones", null, 405, "METHOD_NOT_ALLOWED")]
    public async Task Should_answer(string method, string path, string? json, int expected, string code)
    {
        var (status, body) = await Control.AskAsync(method, path, json);
        Assert.True(status == expected, $"{status} {body}");
        Assert.Equal(["code", "name", "hint", "message"], body.EnumerateObject().Select(member => member.Name));
        Assert.Equal(code, body.GetProperty("code").GetString());
        Assert.All(body.EnumerateObject(), member => Assert.NotEqual("", member.Value.GetString()));
    }

    [Fact]
    public async Task Should_tell_by_name_what_cannot_be_changed_and_change_nothing()
    {
        await Control.CreateAsync("fixed");
        foreach (var field in (string[])["status", "id", "db", "snapshot", "createdAt", "metadata", "colour", "Protected"])
        {
            var (status, body) = await Control.AskAsync("PATCH", "/clone/fixed", $$"""{"name":"changed","{{field}}":"x"}""");
            Assert.True(status == 400, $"{field}: {status} {body}");
            Assert.Contains($"'{field}'", body.GetProperty("message").GetString(), StringComparison.Ordinal);
        }

        Assert.Equal("", (await Control.AskAsync("GET", "/clone/fixed")).Body.GetProperty("name").GetString());
        Assert.Equal(200, (await Control.AskAsync("PATCH", "/clone/fixed", """{"protected":true,"protectionDurationMinutes":0}""")).Status);
        var (_, kept) = await Control.AskAsync("PATCH", "/clone/fixed", """{"name":"ours"}""");
        Assert.True(kept.GetProperty("protected").GetBoolean());
        var (refused, why) = await Control.AskAsync("DELETE", "/clone/fixed");
        Assert.Equal((409, "CLONE_PROTECTED"), (refused, why.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Should_take_an_id_once()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Control.AskAsync("POST", "/clone", CloneControl.Request("twin"))));
        Assert.Single(answers, answer => answer.Status == 201);
        Assert.All(answers.Where(answer => answer.Status != 201), answer => Assert.Equal((409, "CLONE_EXISTS"), (answer.Status, answer.Body.GetProperty("code").GetString())));

        var key = ("Idempotency-Key", Guid.CreateVersion7().ToString());
        var first = await Control.AskAsync("POST", "/clone", CloneControl.Request("once"), key);
        var again = await Control.AskAsync("POST", "/clone", CloneControl.Request("once"), key);
        Assert.Equal((201, 201), (first.Status, again.Status));
        Assert.Equal(first.Body.ToString(), again.Body.ToString());
    }

    [Fact]
    public async Task Should_need_a_token_with_the_scope()
    {
        using var nobody = new HttpClient { BaseAddress = Control.Client.BaseAddress };
        using var response = await SharedApi.SendAsync(nobody, "GET", "/status");
        Assert.Equal(401, (int)response.StatusCode);
        Assert.Equal("UNAUTHORIZED", (await SharedApi.BodyAsync(response)).GetProperty("code").GetString());
        using var health = await SharedApi.SendAsync(nobody, "GET", "/healthz");
        Assert.False(string.IsNullOrEmpty((await SharedApi.BodyAsync(health)).GetProperty("version").GetString()));
    }

    [Fact]
    public async Task Should_refuse_before_anything_is_copied_when_the_disk_or_the_ports_are_short()
    {
        var whole = Control.Storage.Report;
        try
        {
            await ReportAsync(whole with { Free = 200L << 20, Warnings = [new("DISK_SHORT", "200 MiB are free.")] }, "free", 200L << 20);
            var (status, body) = await Control.AskAsync("POST", "/clone", CloneControl.Request("large"));
            Assert.Equal((507, "NOT_ENOUGH_DISK_SPACE", "Not enough disk space"), (status, body.GetProperty("code").GetString(), body.GetProperty("name").GetString()));
            Assert.Equal("WARNING", (await Control.AskAsync("GET", "/status")).Body.GetProperty("status").GetProperty("code").GetString());
            await ReportAsync(whole with { Ports = 0 }, "ports", 0);
            (status, body) = await Control.AskAsync("POST", "/clone", CloneControl.Request("large"));
            Assert.Equal((409, "NO_FREE_PORT"), (status, body.GetProperty("code").GetString()));
            Assert.Equal(404, (await Control.AskAsync("GET", "/clone/large")).Status);
        }
        finally
        {
            await ReportAsync(whole, "free", whole.Free);
        }
    }

    private async Task ReportAsync(Workers.Clones.StorageReport report, string figure, long value)
    {
        Control.Storage.Report = report;
        await Wait.UntilAsync(async () =>
        {
            var pool = (await Control.AskAsync("GET", "/status")).Body.GetProperty("pools")[0];
            return (figure is "free" ? pool.GetProperty("fileSystem").GetProperty("free") : pool.GetProperty("ports")).GetInt64() == value
                && pool.GetProperty("ports").GetInt32() == report.Ports;
        }, "reported");
    }
}
