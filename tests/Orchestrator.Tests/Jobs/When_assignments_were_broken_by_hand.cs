using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Jobs;

public sealed class When_assignments_were_broken_by_hand(Servers servers)
{
    [Fact]
    public async Task Should_be_mended_by_the_reconcile()
    {
        await using var place = await servers.CreatePlaceAsync();
        await place.ExecuteAsync("""
            INSERT INTO flavor (platform, name, labels, is_disabled) VALUES ('github', 'on', '{a}', false), ('github', 'off', '{a}', true);
            INSERT INTO job (platform, id, labels, created_at) VALUES ('github', 'unassigned', '{a}', now());
            INSERT INTO job (platform, id, labels, created_at, assigned_flavor)
                VALUES ('github', 'disabled', '{a}', now(), 'off'), ('github', 'gone', '{a}', now(), 'never'), ('github', 'right', '{a}', now(), 'on');
            INSERT INTO pressure_delta (platform, flavor, delta) VALUES ('github', 'on', 40);
            """);

        await using var host = await Host.StartAllAsync(place, Host.Only("jobs"), ("Jobs__ReconcileInterval", "00:00:01"));

        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT count(*) = 4 FROM job WHERE assigned_flavor = 'on'"), "mended");
        await Wait.UntilAsync(() => place.ScalarAsync<bool>("SELECT pressure = 4 FROM flavor_pressure WHERE name = 'on'"), "recounted");
    }
}
