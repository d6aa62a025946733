using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Jobs;

public sealed class When_few_of_many_jobs_change_their_age(Servers servers)
{
    private const int Many = 20_000;

    [Theory]
    [InlineData("01:00:00", 3, 2)]
    [InlineData(null, 0, 5)]
    public async Task Should_look_at_no_other_job(string? bound, int aged, int rejuvenated)
    {
        await using var place = await servers.CreatePlaceAsync();
        await FillAsync(place, boundedAged: bound is null ? 0 : Many);
        await using (var services = new JobServices(place, bound is null ? [] : [("Jobs:PressureMaxAge", bound)]))
            await services.Upkeep.AgeAsync(TestContext.Current.CancellationToken);

        // The server counts by and by what it read and wrote.
        await Wait.UntilAsync(
            () => place.ScalarAsync<bool>("SELECT n_tup_upd = $1 FROM pg_stat_user_tables WHERE relname = 'job'", (long)(aged + rejuvenated)),
            "counted by the server");
        var read = await place.ScalarAsync<long>("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'job'");
        Assert.InRange(read, 0, 50);
        Assert.Equal((long)aged, await place.ScalarAsync<long>("SELECT count(*) FROM job WHERE id LIKE 'old-%' AND is_aged"));
        Assert.Equal((long)rejuvenated, await place.ScalarAsync<long>("SELECT count(*) FROM job WHERE id LIKE 'back-%' AND NOT is_aged"));
    }

    [Fact]
    public async Task Should_take_a_raised_or_lowered_bound_in_bites_to_the_end()
    {
        await using var place = await servers.CreatePlaceAsync();
        await place.ExecuteAsync("""
            INSERT INTO job (platform, id, created_at) SELECT 'github', n::text, now() - interval '2 hours' FROM generate_series(1, 12000) n
            """);
        await using (var services = new JobServices(place, ("Jobs:PressureMaxAge", "01:00:00")))
            await services.Upkeep.AgeAsync(TestContext.Current.CancellationToken);
        Assert.Equal(12_000L, await place.ScalarAsync<long>("SELECT count(*) FROM job WHERE is_aged"));
        await using (var services = new JobServices(place, ("Jobs:PressureMaxAge", "03:00:00")))
            await services.Upkeep.AgeAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0L, await place.ScalarAsync<long>("SELECT count(*) FROM job WHERE is_aged"));
    }

    // Most of the table is completed and older than the bound: by the statistics alone nearly every job would be due.
    private static Task FillAsync(Place place, int boundedAged) => place.ExecuteAsync($"""
        INSERT INTO job (platform, id, created_at, completed_at)
        SELECT 'github', 'done-' || n, now() - interval '20 days', now() - interval '19 days' FROM generate_series(1, {3 * Many}) n;
        INSERT INTO job (platform, id, created_at)
        SELECT 'github', 'young-' || n, now() - interval '1 minute' FROM generate_series(1, {Many}) n;
        INSERT INTO job (platform, id, created_at, is_aged)
        SELECT 'github', 'aged-' || n, now() - interval '10 days', true FROM generate_series(1, {boundedAged}) n;
        INSERT INTO job (platform, id, created_at) SELECT 'github', 'old-' || n, now() - interval '2 hours' FROM generate_series(1, 3) n;
        INSERT INTO job (platform, id, created_at, is_aged)
        SELECT 'github', 'back-' || n, now() - interval '10 minutes', true FROM generate_series(1, {(boundedAged == 0 ? 5 : 2)}) n;
        ANALYZE job;
        """);
}
