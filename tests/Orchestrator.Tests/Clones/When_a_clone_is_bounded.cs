using Npgsql;
using Orchestrator.Tests.Infrastructure;
using Orchestrator.Workers.Clones;
using Orchestrator.Workers.Clones.Postgres;
using Orchestrator.Workers.Runtimes.Cgroups;

namespace Orchestrator.Tests.Clones;

[Collection(nameof(CloneYard))]
public sealed class When_a_clone_is_bounded(CloneYard yard)
{
    private const int MemoryMiB = 192;

    private CloneLab Lab => yard.Lab;

    [Fact]
    public async Task Should_end_what_takes_more_memory_and_leave_no_group()
    {
        if (CgroupTree.Find("") is not { LimitsMemory: true } cgroups)
        {
            Assert.Skip("This machine gives us no cgroups that bound memory.");
            return;
        }

        (Lab.Options.MemoryMiB, Lab.Options.MilliCpus, Lab.Options.MaxProcesses) = (MemoryMiB, 1500, 100);
        try
        {
            var clone = await Lab.CloneAsync(yard.Snapshot.SnapshotId);
            var group = CloneServer.GroupOf(clone.CloneId, revision: 1);
            Assert.Contains(Proc.Marked(Lab.Storage.Id), pid => File.ReadAllText($"/proc/{pid}/cgroup").Contains(group, StringComparison.Ordinal));

            // One value of more than the bound: the kernel ends its session, and Postgres comes back.
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => CloneLab.AskAsync<int>(clone, $"SELECT length(repeat('x', {MemoryMiB * 2} * 1024 * 1024))"));
            var answer = await Wait.ForAsync(() => TryAskAsync(clone), count => count is not null, "back", TimeSpan.FromMinutes(1));
            Assert.Equal(1000L, answer);
            Assert.DoesNotContain((await Lab.Host.ReportAsync(TestContext.Current.CancellationToken)).Warnings, warning => warning.Code == "BOUNDS_NOT_KEPT");

            await Lab.Host.DestroyAsync(clone.CloneId, TestContext.Current.CancellationToken);
            Assert.All(cgroups.Open(group).JoinFiles, file => Assert.False(File.Exists(file), file));
        }
        finally
        {
            (Lab.Options.MemoryMiB, Lab.Options.MilliCpus, Lab.Options.MaxProcesses) = (0, 0, 0);
        }
    }

    private static async Task<long?> TryAskAsync(CloneReport clone)
    {
        try
        {
            return await CloneLab.AskAsync<long>(clone, "SELECT count(*) FROM thing");
        }
        catch (NpgsqlException)
        {
            return null;
        }
    }
}
