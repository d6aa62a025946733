using Orchestrator.Sagas.Duties;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Duties;

public sealed class When_queues_are_full_of_dead_rows(Servers servers)
{
    [Theory]
    [InlineData("outbox")]
    [InlineData("pressure_delta")]
    public async Task Should_vacuum_them_at_once(string table)
    {
        await using var place = await servers.CreatePlaceAsync();
        await place.ExecuteAsync("""
            INSERT INTO outbox (id, owner, message_id, exchange, content_type, body)
            SELECT gen_random_uuid(), 1, g::text, 'x', 'y', '' FROM generate_series(1, 10000) g
            """);
        await place.ExecuteAsync("INSERT INTO pressure_delta (platform, flavor, delta) SELECT 'github', 'x', 1 FROM generate_series(1, 10000)");
        await place.ExecuteAsync($"DELETE FROM {table}");
        var duty = new VacuumQueues(place.Source);

        await Wait.UntilAsync(
            async () =>
            {
                await duty.RunAsync(TestContext.Current.CancellationToken);
                return await place.ScalarAsync<bool>("SELECT pg_relation_size($1::regclass) = 0", table);
            },
            "given back");
    }
}
