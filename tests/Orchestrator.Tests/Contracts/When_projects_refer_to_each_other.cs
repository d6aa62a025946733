using System.Reflection;
using System.Xml.Linq;
using Orchestrator.Local.Servers;

namespace Orchestrator.Tests.Contracts;

public sealed class When_projects_refer_to_each_other
{
    [Theory]
    [InlineData("Contracts", new string[0])]
    [InlineData("Sagas", new[] { "Contracts" })]
    [InlineData("Workers", new[] { "Contracts", "Sagas" })]
    [InlineData("Api", new[] { "Contracts", "Sagas", "Workers" })]
    public void Should_point_one_way(string project, string[] allowed)
    {
        var used = Assembly.Load($"Orchestrator.{project}").GetReferencedAssemblies().Select(name => name.Name!)
            .Where(name => name.StartsWith("Orchestrator.", StringComparison.Ordinal)).Select(name => name["Orchestrator.".Length..]);
        Assert.Empty(used.Except(allowed, StringComparer.Ordinal));
        Assert.Empty(References(project, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path)["Orchestrator.".Length..]).Except(allowed, StringComparer.Ordinal));
    }

    [Fact]
    public void Should_leave_the_contracts_without_packages()
    {
        Assert.Empty(References("Contracts", "PackageReference"));
        Assert.All(
            Assembly.Load("Orchestrator.Contracts").GetReferencedAssemblies(),
            name => Assert.StartsWith("System.", name.Name, StringComparison.Ordinal));
    }

    private static IEnumerable<string> References(string project, string kind) =>
        XDocument.Load(Path.Combine(Checkout.Root, "src", project, $"Orchestrator.{project}.csproj"))
            .Descendants(kind).Select(reference => reference.Attribute("Include")!.Value);
}
