using System.Reflection;
using System.Runtime.Loader;
using Orchestrator.Sagas;
using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Workers.Actions;

/// <summary>Loads the assemblies with actions that the settings name.</summary>
public static class ActionModules
{
    public const string Setting = "Actions:Assemblies";

    /// <exception cref="SettingException">An assembly cannot be loaded, or an action in it is wrong.</exception>
    public static void Load(IServiceCollection services, IConfiguration configuration)
    {
        foreach (var path in configuration.GetSection(Setting).Get<string[]>() ?? [])
        {
            try
            {
                foreach (var type in LoadAssembly(path).GetExportedTypes().Where(IsModule))
                    ((IActionModule)Activator.CreateInstance(type)!).AddActions(services);
            }
            catch (Exception exception) when (exception is IOException or BadImageFormatException or ArgumentException or TypeLoadException or ActionException or MissingMethodException)
            {
                throw new SettingException($"{Setting}: {path}: {exception.Message}");
            }
        }
    }

    // What it brings along lies beside it.
    private static Assembly LoadAssembly(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        AssemblyLoadContext.Default.Resolving += (context, name) =>
            Path.Combine(folder, $"{name.Name}.dll") is var beside && File.Exists(beside) ? context.LoadFromAssemblyPath(beside) : null;
        return AssemblyLoadContext.Default.LoadFromAssemblyPath(Path.GetFullPath(path));
    }

    private static bool IsModule(Type type) => type is { IsAbstract: false, IsInterface: false } && typeof(IActionModule).IsAssignableFrom(type);
}
