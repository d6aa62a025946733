using System.Collections.Concurrent;
using Orchestrator.Sagas.Instances;
using Orchestrator.Workers.Runtimes;

namespace Orchestrator.Workers.Instances;

/// <summary>One life of the node: its claims, each supervised, and the containers that nobody has a claim to.</summary>
internal sealed class NodeLife(string name, long incarnation, SupervisionTools tools, NodeClaims claims, InstanceUpkeep upkeep)
{
    private readonly ConcurrentDictionary<(Guid, int), Supervision> _supervisions = new();
    private volatile bool _isLeaving;

    public string Name => name;

    public long Incarnation => incarnation;

    public int Count => _supervisions.Count;

    /// <summary>
    /// Looks after what an earlier life left: containers that outlived it, or ended by themselves since, are adopted, whatever else it held is reported lost,
    /// and what runs without a claim is ended.
    /// </summary>
    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        if (!tools.Runtime.OutlivesWorker)
            await tools.Runtime.ReapAsync(ContainerPurposes.Instance, cancellationToken);
        var found = await tools.Runtime.ListAsync(ContainerPurposes.Instance, cancellationToken);
        foreach (var work in await claims.ReadAsync(name, cancellationToken))
        {
            if (work.Claim.Incarnation == incarnation)
                continue;
            var left = found.FirstOrDefault(container => ClaimLabel.Of(container, tools.System) == (work.Claim.Instance, work.Claim.Attempt));
            if (!await AdoptAsync(work, left, cancellationToken))
                await upkeep.LoseAsync(work.Claim, $"node {name} started again and found nothing of it", cancellationToken);
        }

        await SweepAsync(cancellationToken);
    }

    /// <summary>Reads the claims and does what is new about them.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        var orders = await claims.ReadAsync(name, cancellationToken);
        var ours = new HashSet<(Guid, int)>();
        foreach (var order in orders.Where(order => order.Claim.Incarnation == incarnation))
        {
            var key = (order.Claim.Instance, order.Claim.Attempt);
            ours.Add(key);
            if (_supervisions.TryGetValue(key, out var supervision))
                supervision.Follow(order);
            else if (!_isLeaving)
                Supervise(order, adopted: null);
        }

        foreach (var (key, supervision) in _supervisions)
        {
            if (!ours.Contains(key))
                supervision.Abort();
        }
    }

    /// <summary>Ends containers that no node has a claim to: of instances that were deleted, or replaced while their node was away.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        foreach (var container in await tools.Runtime.ListAsync(ContainerPurposes.Instance, cancellationToken))
        {
            if (ClaimLabel.Of(container, tools.System) is not { } claim || _supervisions.ContainsKey(claim) || await claims.ExistsAsync(claim.Instance, claim.Attempt, cancellationToken))
                continue;
            tools.Logger.LogWarning("Nobody has a claim to container {Container}: it is ended", container.Id);
            await tools.Runtime.EnsureDeadAsync(container.Handle, cancellationToken);
        }
    }

    /// <summary>The life is over: what runs is no longer ours, and is ended without a word.</summary>
    public async Task DieAsync()
    {
        foreach (var supervision in _supervisions.Values)
            supervision.Abort();
        await Task.WhenAll(_supervisions.Values.Select(supervision => supervision.Done));
    }

    /// <summary>The worker stops. What would die with it is ended in order and reported, so that it is replaced at once.</summary>
    public async Task LeaveAsync(TimeSpan grace, TimeSpan patience)
    {
        _isLeaving = true;
        if (tools.Runtime.OutlivesWorker)
            return;
        foreach (var supervision in _supervisions.Values)
            supervision.Leave(grace);
        await Task.WhenAny(Task.WhenAll(_supervisions.Values.Select(supervision => supervision.Done)), Task.Delay(patience, tools.Time));
    }

    private async Task<bool> AdoptAsync(ClaimedWork work, FoundContainer? left, CancellationToken cancellationToken)
    {
        if (left is null)
            return false;
        var container = tools.Runtime.OutlivesWorker ? await tools.Runtime.AdoptAsync(left.Handle, DiscardedOutput.Instance, cancellationToken) : null;
        if (container is null)
        {
            await tools.Runtime.EnsureDeadAsync(left.Handle, cancellationToken);
            return false;
        }

        if (!await claims.AdoptAsync(work.Claim, incarnation, cancellationToken))
        {
            await container.DisposeAsync();
            return false;
        }

        tools.Logger.LogInformation("Instance {Instance} outlived its worker and is adopted", work.Claim.Instance);
        Supervise(work with { Claim = work.Claim with { Incarnation = incarnation } }, container);
        return true;
    }

    private void Supervise(ClaimedWork work, IContainer? adopted)
    {
        var key = (work.Claim.Instance, work.Claim.Attempt);
        var supervision = new Supervision(tools, work, adopted);
        if (!_supervisions.TryAdd(key, supervision))
            return;
        supervision.Start();
        _ = supervision.Done.ContinueWith(_ => _supervisions.TryRemove(new(key, supervision)), TaskScheduler.Default);
    }
}
