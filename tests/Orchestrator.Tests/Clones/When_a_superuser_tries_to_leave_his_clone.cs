using Npgsql;
using Orchestrator.Tests.Infrastructure;
using Orchestrator.Workers.Clones;

namespace Orchestrator.Tests.Clones;

[Collection(nameof(CloneYard))]
public sealed class When_a_superuser_tries_to_leave_his_clone(CloneYard yard, Servers servers) : IAsyncLifetime
{
    private CloneReport _mine = null!;
    private CloneReport _yours = null!;

    public async ValueTask InitializeAsync()
    {
        if (yard.Lab.Storage.Sandbox.Kind is Workers.Clones.Postgres.SandboxKind.None)
            Assert.Skip("there is no sandbox here, so superusers are refused");
        _mine = await yard.Lab.CloneAsync(yard.Snapshot.SnapshotId);
        _yours = await yard.Lab.CloneAsync(yard.Snapshot.SnapshotId);
        await CloneLab.RunAsync(_yours, "CREATE TABLE hidden (note text); INSERT INTO hidden VALUES ('the secret of the other clone'); CHECKPOINT");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var clone in (CloneReport?[])[_mine, _yours])
        {
            if (clone is not null)
                await yard.Lab.Host.DestroyAsync(clone.CloneId, CancellationToken.None);
        }
    }

    [Fact]
    public async Task Should_run_his_programs_as_nobody_in_a_file_system_of_their_own()
    {
        Assert.Equal(yard.Lab.Options.Uid.ToString(), await ShellAsync("id -u"));
        Assert.Equal("0000000000000000", await ShellAsync("grep CapBnd /proc/self/status | cut -f 2"));
        Assert.Equal("1", await ShellAsync("grep NoNewPrivs /proc/self/status | cut -f 2"));
        Assert.Equal("bin clone dev etc lib lib64 proc sbin tmp usr", await ShellAsync("ls / | paste -sd' '"));
        Assert.Equal("conf data run", await ShellAsync("ls /clone | paste -sd' '"));
        Assert.Equal("0", await ShellAsync("grep -c ':0:0:root:/root:' /etc/passwd"));
        Assert.Equal("", await ShellAsync("env | grep -iE 'secret|password|token|connectionstring'"));
    }

    [Fact]
    public async Task Should_see_no_process_but_his_own()
    {
        var others = await ShellAsync("cat /proc/[0-9]*/cmdline | tr '\\0' ' '");

        Assert.DoesNotContain("dotnet", others, StringComparison.Ordinal);
        Assert.DoesNotContain(_yours.Port.ToString(), others, StringComparison.Ordinal);
        Assert.Equal("", await ShellAsync("ls /proc/1/root/ 2>/dev/null"));
    }

    [Fact]
    public async Task Should_find_no_file_of_another_clone_nor_of_our_database()
    {
        var place = await servers.CreatePlaceAsync();
        await using (place)
        {
            var ours = await place.ScalarAsync<string>("SELECT current_setting('data_directory')");
            var theirs = yard.Lab.Storage.Layout.Clone(_yours.CloneId);
            foreach (var directory in (string[])[ours, theirs, yard.Lab.Storage.Layout.Root])
            {
                Assert.Equal("", await ShellAsync($"ls -d {directory} 2>/dev/null"));
                await Assert.ThrowsAsync<PostgresException>(() => CloneLab.AskAsync<object>(_mine, $"SELECT pg_read_file('{directory}/PG_VERSION')"));
                await Assert.ThrowsAsync<PostgresException>(() => CloneLab.AskAsync<object>(_mine, $"SELECT lo_import('{directory}/postmaster.pid')"));
                await Assert.ThrowsAsync<PostgresException>(() => CloneLab.AskAsync<object>(_mine, $"SELECT pg_ls_dir('{directory}')"));
            }

            Assert.Equal("", await ShellAsync("grep -rl 'the secret of the other clone' /clone /tmp /dev/shm /etc 2>/dev/null"));
            Assert.Equal("/clone/conf /clone/data /clone/run /etc /usr", await ShellAsync(
                "cut -d' ' -f5,8- /proc/self/mountinfo | grep -E ' (ext4|xfs|btrfs|overlay) ' | cut -d' ' -f1 | grep -vE '^/etc/' | sort | paste -sd' '"));
        }
    }

    [Fact]
    public async Task Should_not_write_into_his_snapshot_his_settings_or_the_system()
    {
        Assert.Equal("no", await ShellAsync("touch /clone/conf/pg_hba.conf 2>/dev/null && echo yes || echo no"));
        Assert.Equal("no", await ShellAsync("touch /usr/x /etc/x 2>/dev/null && echo yes || echo no"));
        Assert.Equal("no", await ShellAsync("mount -t tmpfs x /clone/data 2>/dev/null && echo yes || echo no"));
        await ShellAsync("rm -rf /clone/data/base/1 2>/dev/null; echo done");
        var next = await yard.Lab.CloneAsync(yard.Snapshot.SnapshotId);
        Assert.Equal(1, await CloneLab.AskAsync<int>(next, "SELECT 1", database: "template1"));
        await yard.Lab.Host.DestroyAsync(next.CloneId, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Should_not_listen_elsewhere_after_changing_his_settings()
    {
        await CloneLab.RunAsync(_mine, "ALTER SYSTEM SET listen_addresses = '*'");
        await CloneLab.RunAsync(_mine, "ALTER SYSTEM SET hba_file = '/tmp/hba'");
        await CloneLab.RunAsync(_mine, "ALTER SYSTEM SET archive_mode = 'on'");
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => CloneLab.RunAsync(_mine, "COPY (SELECT pg_sleep(30)) TO PROGRAM 'kill -INT $(head -1 /clone/data/postmaster.pid)'"));

        await Wait.UntilAsync(async () => await AnswersAsync("SELECT pg_postmaster_start_time() > now() - interval '1 minute' AND current_setting('listen_addresses') = '127.0.0.1'"), "up again");
        Assert.Equal("127.0.0.1 off /clone/conf/pg_hba.conf", await CloneLab.AskAsync<string>(
            _mine, "SELECT concat_ws(' ', current_setting('listen_addresses'), current_setting('archive_mode'), current_setting('hba_file'))"));
        Assert.DoesNotContain(
            System.Net.NetworkInformation.IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners(),
            listener => listener.Port == _mine.Port && !System.Net.IPAddress.IsLoopback(listener.Address));
    }

    private async Task<bool> AnswersAsync(string sql)
    {
        try
        {
            return await CloneLab.AskAsync<bool>(_mine, sql);
        }
        catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>What a program prints that the clone's superuser starts.</summary>
    private async Task<string> ShellAsync(string command)
    {
        var table = $"out_{Guid.CreateVersion7():N}";
        await CloneLab.RunAsync(_mine, $"CREATE TABLE {table} (line text)");
        await CloneLab.RunAsync(_mine, $"COPY {table} FROM PROGRAM '{command.Replace("'", "''", StringComparison.Ordinal)} || true' WITH (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02')");
        return await CloneLab.AskAsync<string>(_mine, $"SELECT coalesce(string_agg(line, E'\\n'), '') FROM {table}");
    }
}
