using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Actions.Declarative;

namespace Orchestrator.Tests.Actions.Declarative;

public sealed class When_a_definition_is_read
{
    private const string Yaml = """
        # Makes a site and waits for it.
        action: make-site
        application: shop
        description: Makes a site
        rollbackFailure: stop
        input:
          name: string
          size: {type: integer, default: 1}
        jobs:
          - name: create
            uses: http-request
            with:
              method: POST
              url: https://sites.example/v1/sites
              headers: {X-Deployment: "${deployment.id}"}
              body:
                name: ${input.name}
                size: ${input.size}
                note: "costs $${5}"
              expect: [200, 201]
              keep: {id: body.id, etag: headers.ETag}
              rollback:
                method: DELETE
                url: https://sites.example/v1/sites/${jobs.create.output.id}
            policy: {attempts: 5, firstPause: 500ms, timeout: 1m}
          - name: wait
            uses: wait-until
            with:
              url: https://sites.example/v1/sites/${jobs.create.output.id}
              until: {path: state, equals: ready}
              failIf: {path: state, oneOf: [failed, gone]}
              every: 2s
              timeout: 10m
        """;

    [Fact]
    public void Should_become_jobs_with_parameters_and_policies()
    {
        var declared = DefinitionStand.Read(Yaml);
        var action = new DeclaredActionBuilder(DefinitionStand.BuiltIns).Build(declared, 3);

        Assert.Equal(new ActionKey("shop", "make-site"), action.Key);
        Assert.Equal(("declared", 3, "Makes a site", RollbackFailurePolicy.Stop), (action.Source, action.Version, action.Description, action.RollbackFailure));
        Assert.Equal(["create", "wait"], action.Jobs.Select(job => job.Name));
        Assert.NotNull(action.Jobs[0].Rollback);
        Assert.Null(action.Jobs[1].Rollback);
        var policy = action.Jobs[0].Policy!;
        Assert.Equal((5, TimeSpan.FromMilliseconds(500), TimeSpan.FromMinutes(1)), (policy.Attempts, policy.FirstPause, policy.Timeout));
        Assert.Equal(["name"], JsonNode.Parse(action.InputSchema!)!["required"]!.AsArray().Select(name => name!.GetValue<string>()));
    }

    [Fact]
    public void Should_say_the_same_in_YAML_and_JSON_whatever_its_layout()
    {
        var yaml = DefinitionStand.Read(Yaml);
        var json = DefinitionStand.Read(yaml.Document.ToJsonString(), DefinitionFormat.Json);

        Assert.True(JsonNode.DeepEquals(yaml.Document, json.Document));
        Assert.Equal(yaml.Document.ToJsonString(), json.Document.ToJsonString());
        Assert.Equal(DefinitionStand.Hash(Yaml), DefinitionStand.Hash("# another comment\n" + Yaml));
    }

    [Fact]
    public void Should_be_another_version_when_any_of_its_content_changes_or_comes_back()
    {
        var hash = DefinitionStand.Hash(Yaml);

        Assert.NotEqual(hash, DefinitionStand.Hash(Yaml.Replace("every: 2s", "every: 3s", StringComparison.Ordinal)));
        Assert.NotEqual(hash, DefinitionStand.Hash(Yaml, version: 2));
        Assert.Equal(hash, DefinitionStand.Hash(Yaml));
    }

    [Fact]
    public void Should_fit_the_schema_that_is_served()
    {
        var schema = JsonSchema.FromText(DefinitionStand.Schema.Document.ToJsonString());
        var options = new EvaluationOptions { OutputFormat = OutputFormat.List };

        var good = schema.Evaluate(JsonSerializer.SerializeToElement(DefinitionStand.Read(Yaml).Document), options);
        var broken = DefinitionStand.Read(Yaml).Document;
        broken["jobs"]![0]!["with"]!["method"] = "BREW";

        Assert.True(good.IsValid, string.Join('\n', (good.Details ?? []).Where(d => d.Errors is not null).SelectMany(d => d.Errors!.Select(e => $"{d.InstanceLocation}: {e.Value}"))));
        Assert.False(schema.Evaluate(JsonSerializer.SerializeToElement(broken), options).IsValid);
    }

    [Theory]
    [InlineData("yes", "\"yes\"")]
    [InlineData("true", "true")]
    [InlineData("~", "null")]
    [InlineData("010", "10")]
    [InlineData("1.5", "1.5")]
    [InlineData("1e3", "1000")]
    [InlineData("\"1\"", "\"1\"")]
    [InlineData("2026-01-01", "\"2026-01-01\"")]
    [InlineData("|\n        a\n        b\n", "\"a\\nb\\n\"")]
    public void Should_take_scalars_as_YAML_1_2_does(string written, string expected)
    {
        var declared = DefinitionStand.Read($"action: a\njobs:\n- name: one\n  uses: http-request\n  with:\n    url: https://a.example\n    body:\n      value: {written}\n");
        Assert.Equal(expected, declared.Jobs[0].With["body"]!["value"]?.ToJsonString() ?? "null");
    }
}
