using Microsoft.Extensions.DependencyInjection;

namespace Orchestrator.Sagas.Actions.Authoring;

/// <summary>Registers actions with a host.</summary>
public static class ActionServices
{
    /// <summary>An action that this host can run. What is wrong with it stops the start.</summary>
    public static IServiceCollection AddAction(this IServiceCollection services, ActionDefinition? action) =>
        services.AddSingleton(action ?? throw new ActionIsNilException());

    /// <summary>Puts an action together with a builder and registers it.</summary>
    public static IServiceCollection AddAction(this IServiceCollection services, string name, Action<ActionBuilder> build)
    {
        var builder = new ActionBuilder(name);
        build(builder);
        return services.AddAction(builder.Build());
    }
}
