using System.Text.Json;

namespace Orchestrator.Tests.Actions.Declarative;

[Collection(nameof(DeclaredHost))]
public sealed class When_a_declared_action_runs(DeclaredHost host) : IDisposable
{
    private readonly string _name = DeclaredHost.NewName();

    public void Dispose() => host.Target.Answer = (_, _) => Task.CompletedTask;

    [Fact]
    public async Task Should_pass_inputs_and_outputs_along()
    {
        host.Target.Answer = async (request, context) =>
        {
            if (request.Method is "POST")
            {
                context.Response.StatusCode = 201;
                context.Response.Headers.ETag = "\"v1\"";
                await context.Response.WriteAsJsonAsync(new { id = "a/b c", size = 3, tags = (string[])["x", "y"] });
            }
            else
            {
                await context.Response.WriteAsJsonAsync(new { state = "ready" });
            }
        };
        await host.RegisterAsync($$"""
            action: {{_name}}
            input:
              name: string
              size: {type: integer, default: 3}
            jobs:
            - name: create
              uses: http-request
              with:
                url: {{host.Target.Address}}sites
                headers: {X-Size: "${input.size}", Authorization: Bearer their-own}
                body: {name: "${input.name}", size: "${input.size}", note: "for ${input.name}, costs $${5}"}
                keep: {id: body.id, tag: "body.tags[1]", etag: headers.ETag}
            - name: wait
              uses: wait-until
              with:
                url: {{host.Target.Address}}sites/${jobs.create.output.id}?tag=${jobs.create.output.tag}
                until: {path: state, equals: ready}
            - name: report
              uses: http-request
              with:
                method: PUT
                url: {{host.Target.Address}}report
                body: "${jobs.create.output}"
            """);

        var deployment = await host.RunAsync(_name, """{"name":"n"}""");

        Assert.Equal("Succeeded", deployment.GetProperty("outcome").GetString());
        var requests = host.Target.Requests.Where(request => request.Path.StartsWith("/sites", StringComparison.Ordinal) || request.Path is "/report").TakeLast(3).ToList();
        Assert.Equal(["POST /sites", "GET /sites/a%2Fb%20c?tag=y", "PUT /report"], requests.Select(request => $"{request.Method} {request.Path}"));
        Assert.Equal("""{"name":"n","size":3,"note":"for n, costs ${5}"}""", requests[0].Body);
        Assert.Equal(("3", "application/json", "Bearer their-own"), (requests[0].Headers["X-Size"], requests[0].Headers["Content-Type"], requests[0].Headers["Authorization"]));
        Assert.True(Guid.TryParse(requests[0].Headers["Idempotency-Key"], out _));
        Assert.DoesNotContain("Idempotency-Key", requests[1].Headers.Keys);
        Assert.Equal("""{"status":201,"id":"a/b c","tag":"y","etag":"\"v1\""}""", requests[2].Body);
    }

    [Fact]
    public async Task Should_undo_what_it_did_when_a_later_job_fails()
    {
        host.Target.Answer = async (request, context) =>
        {
            context.Response.StatusCode = request.Path.StartsWith("/fails", StringComparison.Ordinal) ? 409 : request.Method is "DELETE" ? 404 : 200;
            if (request.Path.StartsWith("/things", StringComparison.Ordinal) && request.Method is "POST")
                await context.Response.WriteAsJsonAsync(new { id = request.Path });
        };
        await host.RegisterAsync($$"""
            action: {{_name}}
            jobs:
            - name: first
              uses: http-request
              with:
                url: {{host.Target.Address}}things/1
                method: POST
                rollback: {method: DELETE, url: "{{host.Target.Address}}undo${jobs.first.output.body.id}"}
            - name: second
              uses: http-request
              with:
                url: {{host.Target.Address}}things/2
                method: POST
                rollback: {method: DELETE, url: "{{host.Target.Address}}undo${jobs.second.output.body.id}", body: {why: "${deployment.groupId}"} }
            - name: third
              uses: http-request
              with:
                url: {{host.Target.Address}}fails/${deployment.id}
                method: POST
                rollback: {method: DELETE, url: "{{host.Target.Address}}undo/third"}
            - name: never
              uses: http-request
              with: {url: "{{host.Target.Address}}never"}
            """);

        var deployment = await host.RunAsync(_name);

        Assert.Equal("RolledBack", deployment.GetProperty("outcome").GetString());
        Assert.Equal("third", deployment.GetProperty("failedJob").GetString());
        Assert.Contains("answered 409; expected: 200 to 299", deployment.GetProperty("rollbackError").GetString(), StringComparison.Ordinal);
        var undone = host.Target.Requests.Where(request => request.Path.StartsWith("/undo", StringComparison.Ordinal)).ToList();
        Assert.Equal(["/undo%2Fthings%2F2", "/undo%2Fthings%2F1"], undone.Select(request => request.Path));
        Assert.Equal("""{"why":"g"}""", undone[0].Body);
        Assert.DoesNotContain(host.Target.Requests, request => request.Path is "/never");
    }

    [Fact]
    public async Task Should_call_for_an_operator_when_it_cannot_know_what_to_undo()
    {
        host.Target.Answer = (_, context) =>
        {
            context.Abort(); // The request came; its answer never goes out.
            return Task.CompletedTask;
        };
        await host.RegisterAsync($$"""
            action: {{_name}}
            jobs:
            - name: create
              uses: http-request
              with:
                url: {{host.Target.Address}}lost
                method: POST
                rollback: {method: DELETE, url: "{{host.Target.Address}}lost/${jobs.create.output.body.id}"}
            """);

        var deployment = await host.RunAsync(_name);

        Assert.Equal("RollbackFailed", deployment.GetProperty("outcome").GetString());
        var errors = (await host.AskAsync("GET", $"/api/v1/deployments/{deployment.GetProperty("id").GetString()}/errors")).Body.GetProperty("items");
        Assert.Contains(errors.EnumerateArray(), error => error.GetProperty("error").GetString()!.Contains("undo it by hand", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Should_try_again_what_may_pass_and_only_that()
    {
        var attempts = 0;
        host.Target.Answer = (_, context) =>
        {
            context.Response.StatusCode = Interlocked.Increment(ref attempts) switch { 1 => 503, 2 => 429, _ => 200 };
            return Task.CompletedTask;
        };
        await host.RegisterAsync($$"""
            action: {{_name}}
            jobs:
            - name: one
              uses: http-request
              with: {url: "{{host.Target.Address}}again", method: POST}
              policy: {attempts: 3, firstPause: 10ms}
            """);
        Assert.Equal("Succeeded", (await host.RunAsync(_name)).GetProperty("outcome").GetString());
        Assert.Equal(3, attempts);
        Assert.Single(host.Target.Requests.Where(request => request.Path is "/again").Select(request => request.Headers["Idempotency-Key"]).Distinct());

        host.Target.Answer = (_, context) =>
        {
            Interlocked.Increment(ref attempts);
            context.Response.StatusCode = 400;
            return Task.CompletedTask;
        };
        Assert.Equal("RolledBack", (await host.RunAsync(_name)).GetProperty("outcome").GetString());
        Assert.Equal(4, attempts);
    }

    [Theory]
    [InlineData("http://127.0.0.1:1/", "a loopback address")]
    [InlineData("http://localhost:1/", "a loopback address")]
    [InlineData("http://169.254.169.254/latest", "a link-local address")]
    [InlineData("http://[::ffff:10.0.0.1]/", "a private address")]
    [InlineData("file:///etc/passwd", "only http and https")]
    public async Task Should_refuse_targets_that_an_input_brings(string url, string reason)
    {
        await host.RegisterAsync($$"""
            action: {{_name}}
            jobs:
            - name: one
              uses: http-request
              with: {url: "${input.url}"}
            """);

        var deployment = await host.RunAsync(_name, JsonSerializer.Serialize(new { url }));

        Assert.Equal("RolledBack", deployment.GetProperty("outcome").GetString());
        Assert.Contains(reason, deployment.GetProperty("rollbackError").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Should_fail_with_words_when_a_reference_finds_nothing_or_brings_the_wrong_type()
    {
        await host.RegisterAsync($$"""
            action: {{_name}}
            jobs:
            - name: one
              uses: http-request
              with: {url: "{{host.Target.Address}}x", expect: "${input.expect}"}
            """);

        Assert.Contains("${input.expect} has no value: the input has no such member", (await host.RunAsync(_name)).GetProperty("rollbackError").GetString(), StringComparison.Ordinal);
        Assert.Contains("expect: it must be a whole number or a list, not true", (await host.RunAsync(_name, """{"expect":true}""")).GetProperty("rollbackError").GetString(), StringComparison.Ordinal);
        Assert.Equal("Succeeded", (await host.RunAsync(_name, """{"expect":[200]}""")).GetProperty("outcome").GetString());
    }

    [Theory]
    [InlineData("{}", "'name' is missing")]
    [InlineData("""{"name":5}""", "'input.name': it must be a text, not a number")]
    [InlineData("""{"name":"n","nmae":"m"}""", "'nmae' is not known here")]
    [InlineData("[]", "it must be an object, not a list")]
    public async Task Should_refuse_an_input_that_it_does_not_take(string input, string problem)
    {
        await host.RegisterAsync($$"""
            action: {{_name}}
            input: {name: string}
            jobs:
            - name: one
              uses: wait-until
              with: {after: 0s}
            """);

        var (status, body) = await host.AskAsync("POST", "/api/v1/deployments", $$"""{"action":"{{_name}}","groupId":"g","input":{{input}}}""");

        Assert.Equal(400, status);
        Assert.Contains(problem, body.GetProperty("errors").GetProperty("input")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Should_keep_no_more_of_an_answer_than_is_sensible()
    {
        host.Target.Answer = (_, context) => context.Response.WriteAsync(new string('x', 100_000));
        await host.RegisterAsync($$"""
            action: {{_name}}
            jobs:
            - name: one
              uses: http-request
              with: {url: "{{host.Target.Address}}large"}
            """);

        Assert.Contains("too large to keep", (await host.RunAsync(_name)).GetProperty("rollbackError").GetString(), StringComparison.Ordinal);
    }
}
