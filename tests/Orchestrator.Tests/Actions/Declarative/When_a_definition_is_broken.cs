using Orchestrator.Sagas.Actions.Declarative;

namespace Orchestrator.Tests.Actions.Declarative;

public sealed class When_a_definition_is_broken
{
    private const string Head = "action: a\njobs:\n- name: one\n  uses: http-request\n";

    /// <summary>The definition and, for each error, what its line must begin with and what it must hold.</summary>
    public static readonly TheoryData<string, string, string> Broken = new()
    {
        // Structure.
        { "", "line 1, column 1", "empty" },
        { "action: a\njobs: [\n", "line 3, column 1", "not YAML" },
        { "action: a\n\tjobs: []\n", "line 1, column 9", "not YAML" },
        { "- action: a\n", "line 1, column 1", "an object, not a list" },
        { "action: a\n", "line 1, column 1", "'jobs' is missing" },
        { "jobs:\n- name: one\n  uses: wait-until\n  with: {after: 1s}\n", "line 1, column 1", "'action' is missing" },
        { "action: a\njobs: []\n", "line 2, column 7", "must not be empty" },
        { "action: \"\"\n" + Tail, "line 1, column 9", "must not be empty" },
        { "action: 5\n" + Tail, "line 1, column 9", "a text, not a number" },
        { "action: a\nversoin: 1\n" + Tail, "line 2, column 1", "'versoin' is not known here; known are $schema, action, application" },
        { "action: a\nrollbackFailure: perhaps\n" + Tail, "line 2, column 18", "one of continue, stop" },
        { "action: a\naction: b\n" + Tail, "line 2, column 1", "'action' is there twice" },
        { "action: \"\\ud800\"\n" + Tail, "line 1, column 9", "not YAML" },
        { "action: &x a\n" + Tail, "line 1, column 9", "anchors" },
        { "action: a\napplication: *x\n" + Tail, "line 2, column 14", "" },
        { "action: !!str a\n" + Tail, "line 1, column 9", "tag" },
        { "action: a\n" + Tail + "---\naction: b\n", "line 6", "second document" },

        // Jobs.
        { "action: a\njobs:\n- name: one\n", "line 3, column 3", "'uses' is missing" },
        { "action: a\njobs:\n- uses: wait-until\n  with: {after: 1s}\n", "line 3, column 3", "'name' is missing" },
        { "action: a\njobs:\n- name: one\n  uses: magic\n", "line 4, column 9", "one of http-request, wait-until" },
        { Head + "  with: {url: https://a.example}\n" + "- name: one\n  uses: wait-until\n  with: {after: 1s}\n", "line 6, column 9", "already; names of jobs must be unique" },
        { Head + "  wiht: {url: https://a.example}\n", "line 5, column 3", "'wiht' is not known here" },
        { Head + "  with: {url: https://a.example}\n  policy: {attempts: 0}\n", "line 6, column 22", "at least 1" },
        { Head + "  with: {url: https://a.example}\n  policy: {attempts: many}\n", "line 6, column 22", "a whole number, not a text" },
        { Head + "  with: {url: https://a.example}\n  policy: {timeout: soon}\n", "line 6, column 21", "a time such as" },
        { Head + "  with: {url: https://a.example}\n  policy: {firstPause: 10s, longestPause: 1s}\n", "line 6, column 43", "at least firstPause" },

        // Parameters.
        { Head, "line 3, column 3", "'url' is missing" },
        { Head + "  with: {}\n", "line 5, column 9", "'url' is missing" },
        { Head + "  with:\n    url: 5\n", "line 6, column 10", "a text, not a number" },
        { Head + "  with:\n    url: nowhere\n", "line 6, column 10", "not an absolute URL" },
        { Head + "  with:\n    url: ftp://a.example/\n", "line 6, column 10", "only http and https" },
        { Head + "  with:\n    url: http://127.0.0.1:9/\n", "line 6, column 10", "a loopback address" },
        { Head + "  with:\n    url: http://a:b@a.example/\n", "line 6, column 10", "password" },
        { Head + "  with:\n    url: https://a.example\n    method: BREW\n", "line 7, column 13", "one of GET, HEAD" },
        { Head + "  with:\n    url: https://a.example\n    expect: [200, ok]\n", "line 7, column 19", "a whole number, not a text" },
        { Head + "  with:\n    url: https://a.example\n    expect: 99\n", "line 7, column 13", "at least 100" },
        { Head + "  with:\n    url: https://a.example\n    timeout: 30\n", "line 7, column 14", "a text, not a number" },
        { Head + "  with:\n    url: https://a.example\n    timeout: 1h\n", "line 7, column 14", "00:00:00.1000000 to 00:10:00" },
        { Head + "  with:\n    url: https://a.example\n    headers: {Host: b.example}\n", "line 7, column 21", "set by Orchestrator" },
        { Head + "  with:\n    url: https://a.example\n    headers: {\"a b\": c}\n", "line 7, column 22", "no name of a header" },
        { Head + "  with:\n    url: https://a.example\n    headers: {X: \"a\\nb\"}\n", "line 7, column 18", "without control characters" },
        { Head + "  with:\n    url: https://a.example\n    keep: {id: id}\n", "line 7, column 16", "begin with body or headers" },
        { Head + "  with:\n    url: https://a.example\n    keep: {status: body.id}\n", "line 7, column 20", "kept always" },
        { Head + "  with:\n    url: https://a.example\n    rollback: {method: DELETE}\n", "line 7, column 15", "'url' is missing" },
        { "action: a\njobs:\n- name: one\n  uses: wait-until\n  with: {after: 1s, time: \"2026-01-01T00:00:00Z\"}\n", "line 5, column 9", "exactly one of url, time and after" },
        { "action: a\njobs:\n- name: one\n  uses: wait-until\n  with: {}\n", "line 5, column 9", "exactly one of url, time and after" },
        { "action: a\njobs:\n- name: one\n  uses: wait-until\n  with: {after: 1s, every: 1s}\n", "line 5, column 21", "belongs to url" },
        { "action: a\njobs:\n- name: one\n  uses: wait-until\n  with: {time: tomorrow}\n", "line 5, column 16", "RFC 3339" },
        { "action: a\njobs:\n- name: one\n  uses: wait-until\n  with: {url: \"https://a.example\", until: {equals: ready}}\n", "line 5, column 43", "'path' is missing" },

        // References.
        { Head + "  with: {url: \"https://a.example/${inptu.x}\"}\n", "line 5, column 15", "points nowhere" },
        { Head + "  with: {url: \"https://a.example/${input.x\"}\n", "line 5, column 15", "not closed" },
        { Head + "  with: {url: \"https://a.example/${input..x}\"}\n", "line 5, column 15", "names joined by dots" },
        { Head + "  with: {url: \"https://a.example/${jobs.two.output.body}\"}\n", "line 5, column 15", "there is no job 'two'" },
        { Head + "  with: {url: \"https://a.example/${jobs.one.output.body}\"}\n", "line 5, column 15", "its own output" },
        { Head + "  with: {url: \"https://a.example/${jobs.one.body}\"}\n", "line 5, column 15", "${jobs.NAME.output}" },
        { Head + "  with: {url: \"https://a.example/${jobs.two.output.waited}\"}\n- name: two\n  uses: wait-until\n  with: {after: 1s}\n", "line 5, column 15", "job 'two' comes later" },
        { Head + "  with: {url: \"https://a.example\"}\n- name: two\n  uses: http-request\n  with: {url: \"https://a.example/${jobs.one.output.stauts}\"}\n", "line 8, column 15", "no member 'stauts'; it has status, contentType, body" },
        { Head + "  with: {url: \"https://a.example\", keep: {id: body.id}}\n- name: two\n  uses: http-request\n  with: {url: \"https://a.example/${jobs.one.output.body}\"}\n", "line 8, column 15", "it has status, id" },
        { Head + "  with: {url: \"https://a.example\"}\n- name: two\n  uses: http-request\n  with: {url: \"https://a.example/${jobs.one.output.status.code}\"}\n", "line 8, column 15", "looks into a whole number" },
        { Head + "  with: {url: \"https://a.example\", headers: \"${deployment.id}\"}\n", "line 5, column 45", "is a text, but an object is needed" },
        { Head + "  with: {url: \"https://a.example\", expect: \"${input.a}0\"}\n", "line 5, column 44", "must stand alone" },
        { "action: a\ninput: {name: string}\njobs:\n- name: one\n  uses: http-request\n  with: {url: \"https://a.example/${input.nmae}\"}\n", "line 6, column 15", "the input has no member 'nmae'; it has name" },
        { "action: a\ninput: {name: text}\n" + Tail, "line 2, column 15", "one of string, integer" },
        { "action: a\ninput: {n: {type: integer, default: x}}\n" + Tail, "line 2, column 37", "a whole number, not a text" },
        { "action: a\ninput: {list: array}\njobs:\n- name: one\n  uses: http-request\n  with: {url: \"https://a.example/${input.list}\"}\n", "line 6, column 15", "cannot stand in a text" },
    };

    private const string Tail = "jobs:\n- name: one\n  uses: wait-until\n  with: {after: 1s}\n";

    [Theory]
    [MemberData(nameof(Broken))]
    public void Should_be_refused_with_the_place_and_what_is_allowed(string definition, string place, string problem)
    {
        var errors = DefinitionStand.Errors(definition);

        Assert.True(
            errors is [var error] && error.StartsWith(place, StringComparison.Ordinal) && error.Contains(problem, StringComparison.Ordinal),
            $"{place} with '{problem}' was expected, not:\n{string.Join('\n', errors)}\nfor:\n{definition}");
    }

    [Fact]
    public void Should_tell_every_error_at_once_in_the_order_of_the_text()
    {
        var errors = DefinitionStand.Errors("""
            action: a
            jobs:
            - name: one
              uses: http-request
              with:
                url: ftp://a.example
                method: BREW
            - name: one
              uses: wait-until
              with:
                after: long
            """);

        Assert.Equal(["line 6, column 10", "line 7, column 13", "line 8, column 9", "line 11, column 12"], errors.Select(error => error[..error.IndexOf(':', StringComparison.Ordinal)]));
    }

    [Theory]
    [InlineData("{\n  \"action\": \"a\",\n  \"jobs\": [{\"name\": \"ü\", \"uses\": 5}]\n}", "line 3, column 34: jobs[0].uses")]
    [InlineData("{\n  \"action\": \"a\",\n  \"jobs\": [,]\n}", "line 3, column 12: this is not JSON")]
    [InlineData("{\"action\": \"a\"} {}", "line 1, column 17: this is not JSON")]
    [InlineData("{\"action\": \"a\", \"action\": \"b\"}", "line 1, column 17: 'action' is there twice.")]
    [InlineData("{\"action\": \"\\ud800\"}", "line 1, column 12: this text holds half a character (a lone surrogate).")]
    [InlineData("{\"action\": 1e999}", "line 1, column 12: this number is too large.")]
    [InlineData("null", "line 1, column 1: it must be an object, not null.")]
    public void Should_tell_the_place_in_JSON_too(string definition, string expected) =>
        Assert.StartsWith(expected, DefinitionStand.Errors(definition, DefinitionFormat.Json)[0], StringComparison.Ordinal);

    [Fact]
    public void Should_not_blow_up_on_deep_or_long_ones()
    {
        Assert.Contains("nested more than", DefinitionStand.Errors(new string('[', 10_000))[0], StringComparison.Ordinal);
        Assert.Contains("not JSON", DefinitionStand.Errors(new string('[', 10_000), DefinitionFormat.Json)[0], StringComparison.Ordinal);
        Assert.Contains("longer than", DefinitionStand.Errors(new string('a', DefinitionText.MaxLength + 1))[0], StringComparison.Ordinal);
    }
}
