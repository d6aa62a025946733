using System.Globalization;
using Microsoft.Extensions.Options;
using Orchestrator.Contracts.Instances;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Actions.BuiltIn;
using Orchestrator.Sagas.Actions.Declarative;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Instances.Actions;

/// <summary>
/// Makes instances of an app. Their guids follow from the deployment and the job, so that another attempt finds what an
/// earlier one made, and the rollback ends all of it, whatever died in between.
/// </summary>
public sealed class ProvisionInstancesJob(
    InstanceSagas sagas, InstanceReader instances, CommandValidation validation, DurableTransactions transactions, InstanceEnding ending,
    IOptions<InstancesOptions> options)
    : BuiltInJob<ProvisionInstancesParameters, ProvisionInstancesOutput>
{
    private static readonly TimeSpan RollbackTime = TimeSpan.FromMinutes(5);

    public override string Name => "provision-instances";

    public override string Description =>
        "Makes instances of an app and returns their ids at once; wait-for-instances waits until they run. Undone, they are terminated: signal, grace time, kill.";

    public override IEnumerable<SchemaProblem> Check(System.Text.Json.Nodes.JsonObject with)
    {
        if (RequestRules.Text(with["instanceType"]) is { } type && !TextTemplate.HasReference(type) && options.Value.SizeOf(type) is null)
            yield return new SchemaProblem(["instanceType"], $"it must be one of {string.Join(", ", options.Value.TypeNames)}.");
    }

    public override bool RollsBack(System.Text.Json.Nodes.JsonObject with) => true;

    public override JobPolicy PolicyOf(System.Text.Json.Nodes.JsonObject with) => base.PolicyOf(with) with { Attempts = 3, RollbackAttempts = 5 };

    protected override async Task<ProvisionInstancesOutput> ExecuteAsync(ProvisionInstancesParameters with, bool rollsBack, JobContext context)
    {
        var ids = new List<long>();
        var guids = Guids(with, context);
        await using (var transaction = await transactions.BeginAsync(context.CancellationToken))
        {
            foreach (var guid in guids)
            {
                var command = CommandOf(with, guid);
                if (validation.Check(command) is [var problem, ..])
                    throw new PermanentJobException(problem.ErrorMessage);
                var outcome = await sagas.ProvisionAsync(transaction, command, $"action {context.DeploymentId}", context.CancellationToken);
                if (outcome.Refusal is { Code: InstanceRefusal.Exists } && await instances.ReadAsync(guid, context.CancellationToken) is { } earlier)
                    ids.Add(earlier.Id);
                else
                    ids.Add(outcome.Instance?.Id ?? throw new PermanentJobException($"{outcome.Refusal!.Code}: {outcome.Refusal.Detail}"));
            }

            // One whose deployment was rolled back meanwhile makes nothing that nobody would end.
            await context.FenceAsync(transaction);
            await transaction.CommitAsync(context.CancellationToken);
        }

        return new ProvisionInstancesOutput { Instances = ids, Guids = [.. guids.Select(guid => guid.ToString())] };
    }

    protected override async Task RollbackAsync(ProvisionInstancesParameters with, bool isComplete, JobFailure failure, JobContext context) =>
        await ending.EndAsync(Guids(with, context), RollbackTime, context);

    private static ProvisionInstance CommandOf(ProvisionInstancesParameters with, Guid guid) =>
        new() { InstanceId = guid, AppId = with.App, InstanceType = with.InstanceType ?? "small", RegionId = with.Region };

    private static Guid[] Guids(ProvisionInstancesParameters with, JobContext context) =>
        [.. Enumerable.Range(0, with.Count ?? 1).Select(i => NameIds.Of("provision-instances", $"{context.DeploymentId}/{context.Job}", i.ToString(CultureInfo.InvariantCulture)))];
}

/// <summary>Waits until instances are in a state.</summary>
public sealed class WaitForInstancesJob(InstanceReader instances, TimeProvider time) : BuiltInJob<WaitForInstancesParameters, WaitForInstancesOutput>
{
    private static readonly TimeSpan StandardTimeout = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    public override string Name => "wait-for-instances";

    public override string Description =>
        "Waits until every one of the instances is in a state. One that can no longer come there, because it failed for good or is terminated, fails the job. There is nothing to undo.";

    public override JobPolicy PolicyOf(System.Text.Json.Nodes.JsonObject with) => base.PolicyOf(with) with { Attempts = 3 };

    protected override async Task<WaitForInstancesOutput> ExecuteAsync(WaitForInstancesParameters with, bool rollsBack, JobContext context)
    {
        var wanted = with.Status ?? Statuses.Running;
        var since = await context.GetAsync<InstanceWaitBegan>() ?? new InstanceWaitBegan(time.GetUtcNow());
        await context.SetAsync(since);
        var until = since.At + (with.Timeout ?? StandardTimeout);
        while (true)
        {
            var byId = (await instances.ReadAsync(with.Instances, context.CancellationToken)).ToDictionary(instance => instance.Id);
            var found = with.Instances.Select(id => byId.GetValueOrDefault(id)).ToList();
            if (found.TrueForAll(instance => instance?.Status == wanted || (instance is null && wanted is Statuses.Terminated)))
            {
                return new WaitForInstancesOutput
                {
                    Waited = Math.Round((time.GetUtcNow() - since.At).TotalSeconds, 3),
                    Nodes = [.. found.Select(instance => instance?.NodeName).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
                };
            }

            for (var i = 0; i < found.Count; i++)
                Demand(with.Instances[i], found[i], wanted);
            if (time.GetUtcNow() >= until)
                throw new PermanentJobException($"not every instance was {wanted} within {(until - since.At).TotalSeconds:0} s: {string.Join(", ", found.OfType<InstanceState>().Where(instance => instance.Status != wanted).Select(instance => $"{instance.Id} is {instance.Status}"))}.");
            context.Heartbeat();
            await Task.Delay(Interval, time, context.CancellationToken);
        }
    }

    private static void Demand(long id, InstanceState? instance, string wanted)
    {
        if (instance is null)
            throw new PermanentJobException($"there is no instance {id}.");
        var isOver = instance.Status is Statuses.Terminated || instance is { Status: Statuses.Failed, InstanceStatus: not Intents.Running };
        if (isOver && instance.Status != wanted && !(wanted is Statuses.Terminated && instance.Status is Statuses.Failed && instance.InstanceStatus is Intents.Terminated))
            throw new PermanentJobException($"instance {id} is {instance.Status} ({instance.ReasonCode}: {instance.Reason}) and will not be {wanted}.");
    }
}

/// <summary>When a wait for instances began; a restart does not prolong it.</summary>
[JobData("wait-for-instances.began")]
public sealed record InstanceWaitBegan(DateTimeOffset At);

/// <summary>Ends instances for good.</summary>
public sealed class TerminateInstancesJob(InstanceReader instances, InstanceEnding ending) : BuiltInJob<TerminateInstancesParameters, TerminateInstancesOutput>
{
    private static readonly TimeSpan StandardTimeout = TimeSpan.FromMinutes(5);

    public override string Name => "terminate-instances";

    public override string Description =>
        "Terminates instances and waits until nothing of them runs: signal, grace time, kill, release. It cannot be undone: what is terminated stays so.";

    public override JobPolicy PolicyOf(System.Text.Json.Nodes.JsonObject with) => base.PolicyOf(with) with { Attempts = 5 };

    protected override async Task<TerminateInstancesOutput> ExecuteAsync(TerminateInstancesParameters with, bool rollsBack, JobContext context)
    {
        var found = await instances.ReadAsync(with.Instances, context.CancellationToken);
        return new TerminateInstancesOutput { Terminated = await ending.EndAsync([.. found.Select(instance => instance.CorrelationId)], with.Timeout ?? StandardTimeout, context) };
    }
}

/// <summary>Ends instances, and waits until they are.</summary>
public sealed class InstanceEnding(InstanceSagas sagas, InstanceReader instances, DurableTransactions transactions, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Says how many it ended; those that are gone, or ended before, are none.</summary>
    /// <exception cref="TimeoutException">Some did not end in time; another attempt goes on waiting.</exception>
    public async Task<int> EndAsync(IReadOnlyList<Guid> guids, TimeSpan patience, JobContext context)
    {
        var ended = 0;
        foreach (var guid in guids)
        {
            if (await instances.ReadAsync(guid, context.CancellationToken) is null or { InstanceStatus: Intents.Terminated })
                continue;
            await using var transaction = await transactions.BeginAsync(context.CancellationToken);
            await sagas.RaiseAsync(
                transaction, guid, sagas.Machine.Terminate, new TerminateInstance { InstanceId = guid, Reason = "action" }, $"action {context.DeploymentId}", context.CancellationToken);
            await transaction.CommitAsync(context.CancellationToken);
            ended++;
        }

        var since = time.GetTimestamp();
        foreach (var guid in guids)
        {
            while (await instances.ReadAsync(guid, context.CancellationToken) is { Status: not Statuses.Terminated } left)
            {
                if (time.GetElapsedTime(since) > patience)
                    throw new TimeoutException($"Instance {left.Id} is {left.Status} still.");
                context.Heartbeat();
                await Task.Delay(Interval, time, context.CancellationToken);
            }
        }

        return ended;
    }
}
