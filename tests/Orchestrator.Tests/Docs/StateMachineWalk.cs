using System.Reflection;
using MassTransit;

namespace Orchestrator.Tests.Docs;

/// <summary>One way from a state to a state.</summary>
public sealed record Arrow(string From, string To, string Label);

/// <summary>Collects what a state machine does with each event in each state.</summary>
public sealed class StateMachineWalk : StateMachineVisitor
{
    private readonly Dictionary<(string State, string Event), Handling> _handled = [];
    private string _state = "";
    private string _event = "";

    public IEnumerable<Arrow> Arrows =>
        from handled in _handled
        from to in handled.Value.To
        select new Arrow(handled.Key.State, to, handled.Value.Label(handled.Key.Event));

    /// <summary>What becomes of an event; null when nobody decided.</summary>
    public string? Decision(string state, string @event, bool isKnown)
    {
        if (!_handled.TryGetValue((state, @event), out var handling))
            return isKnown ? "*ignored*" : null;
        if (handling.IsRefusal)
            return handling.Reason is { } reason ? $"*refused*: {reason}" : "*refused*";
        return handling.To.Count == 0 ? "*stays*" : $"**→** {string.Join(", ", handling.To)}{(handling.CanRefuse ? " or *refused*" : "")}";
    }

    public void Visit(State state, Action<State> next)
    {
        _state = state.Name;
        next(state);
    }

    public void Visit(Event @event, Action<Event> next)
    {
        _event = @event.Name;
        next(@event);
    }

    public void Visit<TMessage>(Event<TMessage> @event, Action<Event<TMessage>> next)
        where TMessage : class
    {
        _event = @event.Name;
        next(@event);
    }

    public void Visit(IStateMachineActivity activity) => Note(activity);

    public void Visit(IStateMachineActivity activity, Action<IStateMachineActivity> next)
    {
        Note(activity);
        next(activity);
    }

    public void Visit<T>(IBehavior<T> behavior)
        where T : class, SagaStateMachineInstance
    {
    }

    public void Visit<T>(IBehavior<T> behavior, Action<IBehavior<T>> next)
        where T : class, SagaStateMachineInstance => next(behavior);

    public void Visit<T, TMessage>(IBehavior<T, TMessage> behavior)
        where T : class, SagaStateMachineInstance
        where TMessage : class
    {
    }

    public void Visit<T, TMessage>(IBehavior<T, TMessage> behavior, Action<IBehavior<T, TMessage>> next)
        where T : class, SagaStateMachineInstance
        where TMessage : class => next(behavior);

    private void Note(IStateMachineActivity activity)
    {
        if (_event.Contains('.', StringComparison.Ordinal))
            return;
        if (!_handled.TryGetValue((_state, _event), out var handling))
            _handled[(_state, _event)] = handling = new Handling();
        var type = activity.GetType();
        if (type.Name.StartsWith("TransitionActivity", StringComparison.Ordinal))
            handling.GoTo(((State)type.GetProperty("ToState")!.GetValue(activity)!).Name);
        else if (Action(activity) is { } action)
            handling.Do(action);
        else if (type.Name.StartsWith("ScheduleActivity", StringComparison.Ordinal))
            handling.Verbs.Add("schedule");
        else if (type.Name.StartsWith("UnscheduleActivity", StringComparison.Ordinal))
            handling.Verbs.Add("unschedule");
    }

    // The method that a Then calls, if it calls one.
    private static Delegate? Action(IStateMachineActivity activity) =>
        activity.GetType().GetFields(BindingFlags.NonPublic | BindingFlags.Instance)
            .Where(field => activity.GetType().Name.Contains("ActionActivity", StringComparison.Ordinal) && typeof(Delegate).IsAssignableFrom(field.FieldType))
            .Select(field => (Delegate?)field.GetValue(activity)).FirstOrDefault();

    private sealed class Handling
    {
        private int _actions;
        private int _refusals;

        public List<string> To { get; } = [];

        public List<string> Verbs { get; } = [];

        public string? Reason { get; private set; }

        public bool CanRefuse => _refusals > 0;

        public bool IsRefusal => _refusals > 0 && _actions == 0 && To.Count == 0;

        public void GoTo(string state)
        {
            if (!To.Contains(state, StringComparer.Ordinal))
                To.Add(state);
        }

        public void Do(Delegate action)
        {
            var name = action.Method.Name;
            // A lambda is called after the method that it stands in.
            var isLambda = name.StartsWith('<');
            if (isLambda)
                name = name[1..name.IndexOf('>', StringComparison.Ordinal)];
            if (name.StartsWith("Refuse", StringComparison.Ordinal))
            {
                _refusals++;
                Reason ??= action.Target?.GetType().GetFields().Where(field => field.FieldType == typeof(string)).Select(field => (string?)field.GetValue(action.Target)).FirstOrDefault();
                return;
            }

            _actions++;
            if (isLambda)
                return;
            var verb = StateMachinePage.Words(name.EndsWith("Async", StringComparison.Ordinal) ? name[..^5] : name, ' ');
            if (!Verbs.Contains(verb, StringComparer.Ordinal))
                Verbs.Add(verb);
        }

        public string Label(string @event) =>
            StateMachinePage.Words(@event, ' ') + (Verbs.Count > 0 ? $" / {string.Join(", ", Verbs)}" : "");
    }
}
