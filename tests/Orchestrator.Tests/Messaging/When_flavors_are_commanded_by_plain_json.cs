using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Messaging;

[Collection(nameof(SharedHost))]
public sealed class When_flavors_are_commanded_by_plain_json(SharedHost shared)
{
    private const string Prefix = "orchestrator.jobs.";

    [Fact]
    public async Task Should_carry_each_command_out_and_tell_of_it()
    {
        var place = shared.Place;
        await using var events = await EventQueue.BindAsync(
            place, Prefix + "flavor-added", Prefix + "flavor-updated", Prefix + "flavor-deleted", Prefix + "flavor-refused", Prefix + "pressure-changed");
        await ForeignPublisher.PublishAsync(place, Command("enqueue-job", """{"platform":"commanded","id":"1","labels":["gpu"]}"""));
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM job WHERE platform = 'commanded' AND platform = 'commanded' AND assigned_flavor IS NULL)"), "waiting");

        await ForeignPublisher.PublishAsync(place, Command("add-flavor", """{"platform":"commanded","name":"big","labels":["GPU"],"minimum_pressure":2,"maximum_pressure":9,"priority":5}"""));
        await events.FirstAsync(Prefix + "flavor-added", e => e.GetProperty("name").GetString() == "big");
        await events.FirstAsync(Prefix + "pressure-changed", e => e.GetProperty("flavors")[0].GetString() == "big");
        Assert.Equal("big", await FlavorOfJobAsync(place));
        Assert.Equal(2L, await place.ScalarAsync<long>("SELECT pressure FROM flavor_pressure WHERE name = 'big'"));

        await ForeignPublisher.PublishAsync(place, Command("add-flavor", """{"platform":"commanded","name":"big"}"""));
        var refused = await events.FirstAsync(Prefix + "flavor-refused", e => e.GetProperty("name").GetString() == "big");
        Assert.Equal("FLAVOR_EXISTS", refused.Message.GetProperty("code").GetString());

        await ForeignPublisher.PublishAsync(place, Command("disable-flavor", """{"platform":"commanded","name":"big"}"""));
        await events.FirstAsync(Prefix + "flavor-updated", e => e.GetProperty("isDisabled").GetBoolean());
        Assert.Null(await FlavorOfJobAsync(place));

        await ForeignPublisher.PublishAsync(place, Command("enable-flavor", """{"platform":"commanded","name":"big"}"""));
        await events.FirstAsync(Prefix + "flavor-updated", e => !e.GetProperty("isDisabled").GetBoolean());
        Assert.Equal("big", await FlavorOfJobAsync(place));

        await ForeignPublisher.PublishAsync(place, Command("update-flavor", """{"platform":"commanded","name":"big","labels":["cpu"],"no_maximum_pressure":true}"""));
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT labels = '{cpu}' AND maximum_pressure IS NULL AND priority = 5 FROM flavor WHERE name = 'big'"), "updated");
        Assert.Null(await FlavorOfJobAsync(place));

        await ForeignPublisher.PublishAsync(place, Command("delete-flavor", """{"platform":"commanded","name":"big"}"""));
        await events.FirstAsync(Prefix + "flavor-deleted", e => e.GetProperty("name").GetString() == "big");

        await ForeignPublisher.PublishAsync(place, Command("enable-flavor", """{"platform":"commanded","name":"gone"}"""));
        refused = await events.FirstAsync(Prefix + "flavor-refused", e => e.GetProperty("name").GetString() == "gone");
        Assert.Equal("FLAVOR_NOT_FOUND", refused.Message.GetProperty("code").GetString());
    }

    [Fact]
    public async Task Should_refuse_bad_ones_by_dead_letter()
    {
        var place = shared.Place;
        (string Name, string Body, string Reason)[] bad =
        [
            ("add-flavor", """{"platform":"commanded","name":"_"}""", "Name"),
            ("add-flavor", """{"platform":"commanded","name":"x","minimum_pressure":-1}""", "Minimum Pressure"),
            ("add-flavor", """{"platform":"commanded","name":"x","minimum_pressure":5,"maximum_pressure":4}""", "Maximum Pressure"),
            ("add-flavor", """{"platform":"commanded","name":"x","priority":"high"}""", "priority"),
            ("update-flavor", """{"platform":"commanded"}""", "name"),
            ("delete-flavor", """{"platform":"","name":"x"}""", "Platform"),
            ("delete-job", """{"platform":"commanded","id":""}""", "Id"),
        ];

        await ForeignPublisher.PublishAsync(place, bad.Select((b, i) => Command(b.Name, b.Body) with { MessageId = $"bad-flavor-{i}" }));

        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT count(*) = $1 FROM dead_letter WHERE message_id LIKE 'bad-flavor-%'", bad.Length), "in the dead letters");
        for (var i = 0; i < bad.Length; i++)
        {
            var reason = await place.ScalarAsync<string>("SELECT reason FROM dead_letter WHERE message_id = $1 AND queue = $2", $"bad-flavor-{i}", $"orchestrator-{bad[i].Name}");
            Assert.Contains(bad[i].Reason, reason, StringComparison.Ordinal);
        }
    }

    private static ForeignMessage Command(string name, string json) => ForeignMessage.Plain(Prefix + name, json);

    private static Task<string> FlavorOfJobAsync(Place place) => place.ScalarAsync<string>("SELECT assigned_flavor FROM job WHERE platform = 'commanded' AND id = '1'");
}
