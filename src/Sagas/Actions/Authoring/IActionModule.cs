using Microsoft.Extensions.DependencyInjection;

namespace Orchestrator.Sagas.Actions.Authoring;

/// <summary>
/// Registers the actions of an assembly that a worker loads (setting <c>Actions:Assemblies</c>). It has a constructor
/// without parameters.
/// </summary>
public interface IActionModule
{
    /// <summary>Adds actions with <see cref="ActionServices"/>, and the services that their jobs take.</summary>
    void AddActions(IServiceCollection services);
}
