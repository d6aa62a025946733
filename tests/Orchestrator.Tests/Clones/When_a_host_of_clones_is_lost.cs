using Orchestrator.Tests.Infrastructure;
using Orchestrator.Workers.Clones;

namespace Orchestrator.Tests.Clones;

/// <summary>A host that stays away: its clones are FATAL with the reason, until it is back or they are deleted.</summary>
[Collection(nameof(SharedClones))]
public sealed class When_a_host_of_clones_is_lost(SharedClones shared)
{
    private CloneControl Control => shared.Control;

    [Fact]
    public async Task Should_say_so_and_recover_what_comes_back()
    {
        await Control.CreateAsync("stranded");
        await Control.CreateAsync("returning");
        var stranded = await Control.KeyOfAsync("stranded");
        var host = await Control.Place.ScalarAsync<string>("SELECT host_id FROM clone WHERE id = 'stranded'");
        try
        {
            // A host whose process nobody has seen for long. The real one goes on, and does not think that they are its own.
            await Control.Place.ExecuteAsync("""
                INSERT INTO clone_host (id, lock_key, address, provider, is_thin, file_system, disk_size, disk_free, disk_reserve, ports, public_key, seen_at)
                SELECT 'lost', -1, address, provider, is_thin, file_system, disk_size, disk_free, disk_reserve, ports, public_key, now() - interval '10 minutes'
                FROM clone_host WHERE id = $1
                """, host);
            await Control.Place.ExecuteAsync("UPDATE clone SET host_id = 'lost' WHERE id IN ('stranded', 'returning')");

            foreach (var id in (string[])["stranded", "returning"])
            {
                var fatal = await Control.UntilAsync(id, "FATAL");
                Assert.StartsWith("HOST_LOST: Its host has been away since", fatal.GetProperty("status").GetProperty("message").GetString(), StringComparison.Ordinal);
            }

            Assert.Equal("WARNING", (await Control.AskAsync("GET", "/status")).Body.GetProperty("status").GetProperty("code").GetString());
            Assert.Equal(409, (await Control.AskAsync("POST", "/clone/stranded/reset")).Status);
            Assert.Equal(200, (await Control.AskAsync("DELETE", "/clone/stranded")).Status);
            // Nobody could free it: it is forgotten, and freed by whoever has it.
            await Control.UntilGoneAsync("stranded");
            await Wait.UntilAsync(() => Task.FromResult(((ICloneHost)Control.Storage).List().All(clone => clone.CloneId != stranded)), "freed");

            await Control.Place.ExecuteAsync("UPDATE clone SET host_id = $1 WHERE id = 'returning'", host);
            await Control.UntilAsync("returning", "OK");
            // It has nothing left, and nobody needs to be warned of it any more.
            await Wait.UntilAsync(() => Control.Place.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM clone_host WHERE id = 'lost')"), "forgotten");
            Assert.True(await Control.Place.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM resource_event WHERE kind = 'clone' AND key = 'returning' AND what = 'recovered')"));
        }
        finally
        {
            await Control.Place.ExecuteAsync("UPDATE clone SET host_id = $1 WHERE host_id = 'lost'", host);
            await Control.Place.ExecuteAsync("DELETE FROM clone_host WHERE id = 'lost'");
        }
    }
}
