namespace Orchestrator.Sagas.Actions.Authoring;

/// <summary>
/// One state object for all jobs of a deployment. What a job changes in it is persisted with the job's outcome, so that
/// later jobs and the rollback handlers, on any worker, find it; what a job changed that died half-way is not.
/// </summary>
/// <param name="stored">As it was after the last step; null: no job has set one.</param>
public sealed class StateStore(JobValue? stored)
{
    private object? _state;
    private bool _isSet;

    /// <summary>The state, or null while no job has set one. Changes to the object itself are kept too.</summary>
    /// <exception cref="InvalidCastException">It is of another type.</exception>
    public TState? State<TState>()
        where TState : class
    {
        if (_state is null && !_isSet && stored is not null)
            _state = DataTypes.Read(stored, typeof(TState));
        return (TState?)_state;
    }

    /// <summary>Replaces the state; null forgets it.</summary>
    public void SetState<TState>(TState? state)
        where TState : class =>
        (_state, _isSet) = (state, true);

    /// <summary>As it is to be stored.</summary>
    /// <exception cref="DataNotSerializableException">It cannot be.</exception>
    public JobValue? Write() => _state is not null ? DataTypes.Write(_state) : _isSet ? null : stored;
}
