using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using MassTransit;

namespace Orchestrator.Tests.Docs;

/// <summary>Draws a state machine as it is built: its arrows, and what becomes of every event in every state.</summary>
public static partial class StateMachinePage
{
    /// <summary>Every state machine of an assembly, by the name of its feature folder and its own.</summary>
    public static IEnumerable<(string File, string Text, IReadOnlyList<string> Undecided)> RenderAll(Assembly assembly) =>
        assembly.GetTypes()
            .Where(type => type is { IsAbstract: false, BaseType: { IsGenericType: true } parent } && parent.GetGenericTypeDefinition() == typeof(MassTransitStateMachine<>))
            .OrderBy(type => type.Name, StringComparer.Ordinal)
            .Select(type => ((string File, string Text, IReadOnlyList<string> Undecided))typeof(StateMachinePage)
                .GetMethod(nameof(Render), BindingFlags.NonPublic | BindingFlags.Static)!
                .MakeGenericMethod(type.BaseType!.GetGenericArguments()[0])
                .Invoke(null, [type])!);

    private static (string, string, IReadOnlyList<string>) Render<TSaga>(Type type)
        where TSaga : class, SagaStateMachineInstance
    {
        var constructor = type.GetConstructors().Single();
        // What a machine is made of is only called when it runs.
        var arguments = constructor.GetParameters().Select(parameter => RuntimeHelpers.GetUninitializedObject(parameter.ParameterType)).ToArray();
        var machine = (MassTransitStateMachine<TSaga>)constructor.Invoke(arguments);
        var walk = new StateMachineWalk();
        machine.Accept(walk);
        var states = machine.States.Where(state => state != machine.Initial && state != machine.Final).ToList();
        var events = machine.Events.Where(e => !IsOfState(e)).Select(e => e.Name).ToList();
        var undecided = new List<string>();
        var name = Words(type.Name.Replace("StateMachine", "", StringComparison.Ordinal), '-');
        var text = new StringBuilder();
        text.Append($"# {char.ToUpperInvariant(name[0])}{name[1..].Replace('-', ' ')}\n\nDrawn from `{type.Name}` by a test. What an arrow does stands after the slash.\n\n```mermaid\nstateDiagram-v2\n");
        foreach (var arrow in walk.Arrows.DistinctBy(arrow => (arrow.From, arrow.To, arrow.Label)))
            text.Append($"    {Node(arrow.From, machine)} --> {Node(arrow.To, machine)}: {arrow.Label}\n");
        text.Append("```\n\n**→** goes to a state; *stays*: handled without leaving; *ignored*: comes late or twice, on purpose; *refused*: the sender is told.\n\n");
        text.Append($"| event | {string.Join(" | ", states.Select(state => state.Name))} |\n|---|{string.Concat(states.Select(_ => "---|"))}\n");
        foreach (var name_ in events)
        {
            text.Append($"| {name_} |");
            foreach (var state in states)
            {
                var decision = walk.Decision(state.Name, name_, ((State<TSaga>)state).Events.Any(e => e.Name == name_));
                if (decision is null)
                    undecided.Add($"{type.Name}: {name_} in {state.Name}");
                text.Append($" {decision ?? "**undecided**"} |");
            }

            text.Append('\n');
        }

        return ($"{name}.md", text.ToString(), undecided);
    }

    private static bool IsOfState(Event e) => e.Name.Contains('.', StringComparison.Ordinal);

    private static string Node<TSaga>(string state, MassTransitStateMachine<TSaga> machine)
        where TSaga : class, SagaStateMachineInstance =>
        state == machine.Initial.Name || state == machine.Final.Name ? "[*]" : state;

    internal static string Words(string name, char separator) => Hump().Replace(name, $"{separator}$0").ToLowerInvariant();

    [GeneratedRegex("(?<=[a-z0-9])[A-Z]", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Hump();
}
