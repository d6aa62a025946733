using System.Diagnostics;
using MassTransit;
using MassTransit.Scheduling;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Tests.Timers;

/// <summary>As any MassTransit application does it that is told where the scheduler is.</summary>
public sealed class When_timers_are_set_by_masstransit_contracts(TwoHosts hosts) : TimerConformance(hosts), IClassFixture<TwoHosts>
{
    private static readonly Uri Alarms = new("queue:alarm");

    protected override async Task SetAsync(AlarmHost host, Guid token, string name, DateTimeOffset dueAt, ActivityContext trace = default)
    {
        var scheduler = await host.Bus.GetSendEndpoint(new Uri($"queue:{SchedulerQueue.Name}"));
        await scheduler.Send<ScheduleMessage>(
            new
            {
                CorrelationId = token,
                ScheduledTime = dueAt.UtcDateTime,
                PayloadType = new[] { MessageUrn.ForTypeString<Alarm>() },
                Destination = Alarms,
                Payload = new Alarm { Name = name },
            },
            context =>
            {
                if (trace != default)
                    context.Headers.Set(TraceHeaders.TraceParent, TraceHeaders.Format(trace));
            },
            TestContext.Current.CancellationToken);
    }

    protected override async Task CancelAsync(AlarmHost host, Guid token)
    {
        var scheduler = await host.Bus.GetSendEndpoint(new Uri($"queue:{SchedulerQueue.Name}"));
        await scheduler.Send<CancelScheduledMessage>(new { TokenId = token, Timestamp = DateTime.UnixEpoch }, TestContext.Current.CancellationToken);
    }
}
