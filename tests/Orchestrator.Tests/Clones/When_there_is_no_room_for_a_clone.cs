using System.Net;
using System.Net.Sockets;
using Orchestrator.Workers.Clones;

namespace Orchestrator.Tests.Clones;

[Collection(nameof(CloneYard))]
public sealed class When_there_is_no_room_for_a_clone(CloneYard yard)
{
    private CloneLab Lab => yard.Lab;

    [Fact]
    public async Task Should_refuse_it_before_anything_is_copied_when_the_disk_is_short()
    {
        Lab.Options.DiskReserveMiB = 1_000_000;
        try
        {
            var refused = await Assert.ThrowsAsync<CloneFailedException>(() => Lab.CloneAsync(yard.Snapshot.SnapshotId));

            Assert.Equal(CloneFailure.NotEnoughDiskSpace, refused.Code);
            Assert.Equal("Stop idle clones, change snapshot policy or increase disk size", refused.Hint);
            Assert.Empty(Directory.EnumerateFileSystemEntries(Lab.Storage.Layout.New));
            var report = await Lab.Host.ReportAsync(TestContext.Current.CancellationToken);
            Assert.Contains(report.Warnings, warning => warning.Code == "DISK_SHORT");
            Assert.InRange(report.Free, 1, report.Size);
        }
        finally
        {
            Lab.Options.DiskReserveMiB = 0;
        }
    }

    [Fact]
    public async Task Should_say_so_when_no_port_is_free_and_pass_over_ports_of_others()
    {
        var options = CloneLab.OptionsFor(Path.Combine(Lab.Options.Directory, "..", $"narrow-{Guid.CreateVersion7():N}"), "auto", ports: 3);
        await using var lab = await CloneLab.OpenAsync(options);
        var snapshot = await lab.SnapshotOfSqlAsync("SELECT 1");
        using var stranger = new TcpListener(IPAddress.Loopback, options.PortFrom);
        stranger.Start();

        var both = await Task.WhenAll(lab.CloneAsync(snapshot.SnapshotId), lab.CloneAsync(snapshot.SnapshotId));
        var refused = await Assert.ThrowsAsync<CloneFailedException>(() => lab.CloneAsync(snapshot.SnapshotId));

        Assert.Equal([options.PortFrom + 1, options.PortFrom + 2], both.Select(clone => clone.Port).Order());
        Assert.Equal(CloneFailure.NoFreePort, refused.Code);
        Assert.Equal(2, Directory.EnumerateDirectories(lab.Storage.Layout.Clones).Count());
        await lab.Host.DestroyAsync(both[0].CloneId, TestContext.Current.CancellationToken);
        Assert.Equal(both[0].Port, (await lab.CloneAsync(snapshot.SnapshotId)).Port);
    }
}
