using Orchestrator.Workers.Calls.Agent;

namespace Orchestrator.Workers.Calls;

/// <summary>A container as a call's row names it: runtime, machine and handle, so that a later worker can make sure that it is dead.</summary>
internal static class ContainerName
{
    private const char Separator = '|';

    public static string Of(ExecutionStart start) => $"{start.Runtime}{Separator}{start.Machine}{Separator}{start.Handle}";

    /// <summary>False for a name that is none: the call never had a container.</summary>
    public static bool TryParse(string? name, out (string Runtime, string Machine, string Handle) container)
    {
        container = default;
        if (name?.Split(Separator, 3) is not [{ Length: > 0 } runtime, var machine, var handle])
            return false;
        container = (runtime, machine, handle);
        return true;
    }
}
