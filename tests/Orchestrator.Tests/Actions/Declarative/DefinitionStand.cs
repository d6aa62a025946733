using Orchestrator.Sagas.Actions.BuiltIn;
using Orchestrator.Sagas.Actions.Declarative;
using Orchestrator.Tests.Outbound;

namespace Orchestrator.Tests.Actions.Declarative;

/// <summary>Reads definitions as a host does that allows no target of its own network.</summary>
internal static class DefinitionStand
{
    public static readonly BuiltInJobs BuiltIns = new(
    [
        new HttpRequestJob(OutboundStand.Client(), OutboundStand.Guard()),
        new WaitUntilJob(OutboundStand.Client(), OutboundStand.Guard(), TimeProvider.System),
    ]);

    public static readonly DefinitionSchema Schema = new(BuiltIns);

    private static readonly DefinitionReader Reader = new(BuiltIns, Schema);

    public static DeclaredAction Read(string text, DefinitionFormat format = DefinitionFormat.Yaml) => Reader.Read(text, format);

    /// <summary>The hash of an action that was registered as this version.</summary>
    public static string Hash(string text, int version = 1) => new DeclaredActionBuilder(BuiltIns).Build(Read(text), version).Hash;

    /// <summary>The errors of a definition, one line each.</summary>
    public static IReadOnlyList<string> Errors(string text, DefinitionFormat format = DefinitionFormat.Yaml) =>
        [.. Assert.Throws<InvalidDefinitionException>(() => Read(text, format)).Errors.Select(error => error.ToString())];
}
