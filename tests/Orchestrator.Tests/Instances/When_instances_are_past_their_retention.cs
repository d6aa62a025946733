using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Contracts.Instances;
using Orchestrator.Sagas.Duties;
using Orchestrator.Sagas.Instances;
using Orchestrator.Tests.Infrastructure;
using Orchestrator.Workers.Instances;

namespace Orchestrator.Tests.Instances;

[Collection(nameof(SharedInstances))]
public sealed class When_instances_are_past_their_retention(SharedInstances shared)
{
    private readonly InstanceServices _services = shared.Services;

    [Fact]
    public async Task Should_remove_what_has_ended_and_nothing_else()
    {
        await _services.AddNodeAsync();
        var app = await _services.AddAppAsync();
        var states = new Dictionary<string, Guid>(StringComparer.Ordinal);
        foreach (var status in Statuses.All)
            states[status] = (await _services.InAsync(status, app)).CorrelationId;
        var young = (await _services.InAsync(Statuses.Terminated, app)).CorrelationId;
        // Given up, but its node has not given the claim back.
        var held = (await _services.InAsync(Statuses.Running, app)).CorrelationId;
        await _services.RaiseAsync(held, m => m.Update, new UpdateInstance { InstanceId = held, Status = Statuses.Failed });
        // Failed, and to be restarted.
        var restarting = (await _services.InAsync(Statuses.Failed, await _services.AddAppAsync("""{"mode":"always","delaySeconds":3600}"""))).CorrelationId;
        await _services.Place.ExecuteAsync("UPDATE instance SET ended_at = ended_at - interval '31 days' WHERE correlation_id <> $1", young);

        await Duty().RunAsync(InstanceServices.Stop);

        foreach (var (status, guid) in states)
            Assert.Equal(status is Statuses.Terminated or Statuses.Failed, await _services.Reader.ReadAsync(guid, InstanceServices.Stop) is null);
        foreach (var guid in (Guid[])[young, held, restarting])
            Assert.NotNull(await _services.Reader.ReadAsync(guid, InstanceServices.Stop));
    }

    [Fact]
    public async Task Should_count_by_state_what_there_is()
    {
        await _services.AddNodeAsync();
        foreach (var status in Statuses.All)
            await _services.InAsync(status, await _services.AddAppAsync());
        using var gauges = new InstanceGauges(_services.Get<NpgsqlDataSource>(), _services.Get<IMeterFactory>(), NullLogger<InstanceGauges>.Instance);
        await gauges.StartAsync(InstanceServices.Stop);
        var expected = await _services.Place.ScalarAsync<string>(
            """
            SELECT string_agg(line, ' ' ORDER BY line COLLATE "C") FROM (
                SELECT 'orchestrator.instance.count/' || status || '=' || count(*) AS line FROM instance WHERE status <> 'terminated' GROUP BY status
                UNION ALL SELECT 'orchestrator.node.count/' || state || '=' || count(*) FROM node GROUP BY state) lines
            """);
        Assert.Contains("orchestrator.instance.count/stopping=", expected, StringComparison.Ordinal);
        await Wait.UntilAsync(() => Task.FromResult(Read() == expected), expected);
        await gauges.StopAsync(InstanceServices.Stop);
    }

    private static string Read()
    {
        var lines = new List<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, all) =>
        {
            if (instrument.Name is "orchestrator.instance.count" or "orchestrator.node.count")
                all.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => lines.Add($"{instrument.Name}/{tags[0].Value}={value}"));
        listener.Start();
        listener.RecordObservableInstruments();
        return string.Join(' ', lines.Order(StringComparer.Ordinal));
    }

    private RemoveOldInstances Duty() => new(
        _services.Get<NpgsqlDataSource>(), _services.Get<IOptions<InstancesOptions>>(), Options.Create(new RetentionOptions()), NullLogger<RemoveOldInstances>.Instance);
}
