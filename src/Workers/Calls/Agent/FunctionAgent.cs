using Microsoft.Extensions.Options;
using Orchestrator.Workers.Runtimes;

namespace Orchestrator.Workers.Calls.Agent;

/// <inheritdoc cref="IFunctionAgent"/>
public sealed class FunctionAgent : IFunctionAgent, IAsyncDisposable
{
    /// <summary>How long the end waits for containers to be gone.</summary>
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(10);

    private readonly IRuntime _runtime;
    private readonly RuntimeIdentity _identity;
    private readonly FunctionsOptions _options;
    private readonly TimeProvider _time;
    private readonly SlotTable _slots;
    private int _isDisposed;
    private CancellationTokenSource _fence = new();

    public FunctionAgent(IRuntime runtime, RuntimeIdentity identity, IOptions<FunctionsOptions> options, IOptions<RuntimesOptions> runtimes, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(runtimes);
        (_runtime, _identity, _options, _time) = (runtime, identity, options.Value, time);
        RuntimeDirectory.Create(runtimes.Value.EffectiveDirectory);
        SocketRoot = $"{runtimes.Value.EffectiveDirectory}/sockets";
        RuntimeDirectory.Create(SocketRoot);
        _slots = new SlotTable(
            MachineResources.Of(_options),
            (function, log, cancellationToken) => HotContainer.StartAsync(_runtime, function, _options, SocketRoot, log, cancellationToken),
            _options.MaxLogBytes);
    }

    public AgentCapacity Capacity => _slots.Capacity;

    internal string SocketRoot { get; }

    public bool Exceeds(FunctionSpec function) => !_slots.CanEverHold(function);

    public Task NextChangeAsync(CancellationToken cancellationToken) => _slots.NextChange.WaitAsync(cancellationToken);

    public SlotClaim? TryClaim(FunctionSpec function) => _slots.TryEnter(function) switch
    {
        ({ } container, _) => new Claim(_slots, container, null),
        (_, { } waiter) => new Claim(_slots, null, waiter),
        _ => null,
    };

    public async Task<InvocationOutcome> InvokeAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(invocation);
        if (Exceeds(invocation.Function))
            return Failed(InvocationFailure.ExceedsMachine);
        var fence = _fence.Token;
        var (container, refusal) = await ReadyAsync(invocation.Function, invocation.Claim, invocation.PlacementBudget, cancellationToken);
        if (container is null)
            return refusal!;

        var isSpoiled = false;
        try
        {
            if (invocation.OnStart is { } onStart && !await onStart(StartOf(container, invocation.Timeout ?? invocation.Function.Timeout), cancellationToken))
                return Failed(InvocationFailure.Refused);

            // From here on the function may have seen the call.
            isSpoiled = true;
            var outcome = await ExecuteAsync(container, invocation, fence, cancellationToken);
            isSpoiled = HotContainer.IsSpoiled(outcome.Failure);
            return outcome;
        }
        finally
        {
            _slots.Return(container, isSpoiled);
        }
    }

    public async Task<InvocationOutcome?> ServeAsync(FunctionSpec function, SlotClaim claim, TimeSpan placementBudget, ICallSequence calls)
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentNullException.ThrowIfNull(calls);
        if (Exceeds(function))
            return Failed(InvocationFailure.ExceedsMachine);
        var fence = _fence.Token;
        var (container, refusal) = await ReadyAsync(function, claim, placementBudget, CancellationToken.None);
        if (container is null)
            return refusal!;

        var isSpoiled = false;
        try
        {
            while (await calls.NextAsync(StartOf(container, function.Timeout)) is { } call)
            {
                isSpoiled = true;
                var outcome = await ExecuteAsync(container, call, fence, call.Cancellation);
                calls.Ended(outcome);
                isSpoiled = HotContainer.IsSpoiled(outcome.Failure) || !await container.PrepareAsync(CancellationToken.None);
                if (isSpoiled)
                    break;
            }
        }
        finally
        {
            _slots.Return(container, isSpoiled);
        }

        return null;
    }

    public async Task FenceAsync()
    {
        _slots.Close();
        await _fence.CancelAsync();
        await _slots.UntilEmptyAsync(CancellationToken.None);
    }

    public void Resume()
    {
        _fence = new CancellationTokenSource();
        _slots.Open();
    }

    /// <summary>Starts no more calls, waits for those that run, and kills what is left after a time.</summary>
    public async Task DrainAsync(CancellationToken patience)
    {
        _slots.Close();
        try
        {
            await _slots.UntilEmptyAsync(patience);
        }
        catch (OperationCanceledException)
        {
            await FenceAsync();
        }
    }

    /// <summary>One round of what is done besides calls: ending and freezing what idles.</summary>
    internal async Task TidyAsync()
    {
        foreach (var container in _slots.Tidy(_runtime.CanPause ? _options.PauseAfter : TimeSpan.Zero))
        {
            try
            {
                await container.PauseAsync();
            }
            finally
            {
                _slots.ReturnPaused(container);
            }
        }
    }

    /// <summary>Samples what the running calls use.</summary>
    internal async Task SampleAsync()
    {
        foreach (var container in _slots.Busy())
            await container.SampleAsync(_time.GetUtcNow());
    }

    public async ValueTask DisposeAsync()
    {
        // The container disposes it once for each service that it is.
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1)
            return;
        using var patience = new CancellationTokenSource(LastPatience);
        _slots.Close();
        await _fence.CancelAsync();
        try
        {
            await _slots.UntilEmptyAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // A claim that nobody gave back. Its container ends with the process.
        }

        _fence.Dispose();
    }

    private ExecutionStart StartOf(HotContainer container, TimeSpan timeout) => new(_runtime.Name, container.Handle, _identity.Machine, timeout, container.Calls > 0);

    private async Task<InvocationOutcome> ExecuteAsync(HotContainer container, Invocation call, CancellationToken fence, CancellationToken cancellationToken)
    {
        using var both = cancellationToken.CanBeCanceled ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, fence) : null;
        var outcome = await container.CallAsync(call, new CallLog(_options.MaxLogBytes), _time, call.Timeout ?? call.Function.Timeout, both?.Token ?? fence);
        return outcome.Failure is InvocationFailure.Cancelled && fence.IsCancellationRequested && !cancellationToken.IsCancellationRequested
            ? outcome with { Failure = InvocationFailure.Fenced, Status = InvocationFailure.Fenced.Status(), Message = InvocationFailure.Fenced.Message() }
            : outcome;
    }

    // One that died while it idled has seen nothing of the call: the next one gets it.
    private async ValueTask<(HotContainer? Container, InvocationOutcome? Refusal)> ReadyAsync(
        FunctionSpec function, SlotClaim? claim, TimeSpan budget, CancellationToken cancellationToken)
    {
        var (container, refusal) = await AcquireAsync(function, claim, budget, cancellationToken);
        while (container is not null && !await PrepareAsync(container, cancellationToken))
            (container, refusal) = await AcquireAsync(function, null, budget, cancellationToken);
        return (container, refusal);
    }

    private async ValueTask<bool> PrepareAsync(HotContainer container, CancellationToken cancellationToken)
    {
        var isReady = false;
        try
        {
            return isReady = await container.PrepareAsync(cancellationToken);
        }
        finally
        {
            if (!isReady)
                _slots.Return(container, isSpoiled: true);
        }
    }

    private async ValueTask<(HotContainer? Container, InvocationOutcome? Refusal)> AcquireAsync(
        FunctionSpec function, SlotClaim? claim, TimeSpan budget, CancellationToken cancellationToken)
    {
        HotContainer? container;
        SlotWaiter? waiter;
        if (claim is not null)
            (container, waiter) = ((Claim)claim).Take();
        else
            (container, waiter) = _slots.Enter(function);
        if (container is not null)
            return (container, null);
        if (waiter is null)
            return (null, Failed(InvocationFailure.Fenced));

        try
        {
            return (await waiter.Slot.WaitAsync(budget, _time, cancellationToken), null);
        }
        catch (FunctionStartException exception)
        {
            return (null, Failed(exception.Failure) with { Status = exception.Status, Message = exception.Message, Log = LogOf(exception) });
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            // It may have got its container, or a failed start, at this very moment: a container goes back unused.
            if (!_slots.Leave(waiter) && waiter.Slot.IsCompletedSuccessfully)
                _slots.Return(await waiter.Slot, isSpoiled: false);
            return (null, Failed(exception is TimeoutException ? InvocationFailure.TooBusy : InvocationFailure.Cancelled));
        }
    }

    private static ReadOnlyMemory<byte> LogOf(Exception exception) => exception.Data[SlotTable.LogKey] is CallLog log ? log.Bytes : default;

    private static InvocationOutcome Failed(InvocationFailure failure) => new() { Failure = failure, Status = failure.Status(), Message = failure.Message() };

    private sealed class Claim(SlotTable slots, HotContainer? container, SlotWaiter? waiter) : SlotClaim
    {
        private int _isTaken;

        public override bool IsHot => container?.Calls > 0;

        /// <exception cref="InvalidOperationException">It was used or given back before.</exception>
        public (HotContainer? Container, SlotWaiter? Waiter) Take() => Interlocked.Exchange(ref _isTaken, 1) == 0
            ? (container, waiter)
            : throw new InvalidOperationException("The claim was used or given back before.");

        public override void Dispose()
        {
            if (Interlocked.Exchange(ref _isTaken, 1) != 0)
                return;
            if (container is not null)
                slots.Return(container, isSpoiled: false);
            else if (waiter is not null && !slots.Leave(waiter))
                _ = ReturnLaterAsync(waiter);
        }

        private async Task ReturnLaterAsync(SlotWaiter given)
        {
            try
            {
                slots.Return(await given.Slot, isSpoiled: false);
            }
            catch (FunctionStartException)
            {
                // Nobody waits for this container any more.
            }
        }
    }
}
