using Npgsql;
using Orchestrator.Workers.Clones;

namespace Orchestrator.Tests.Clones;

[Collection(nameof(CloneYard))]
public sealed class When_a_clone_is_made_for_a_user(CloneYard yard)
{
    private CloneLab Lab => yard.Lab;

    [Theory]
    [InlineData("plain")]
    [InlineData("O'Brien")]
    [InlineData("say \"hi\"")]
    [InlineData("back\\slash")]
    [InlineData("x\"; DROP TABLE thing; --")]
    [InlineData("$$ '' \\' \" %I %s \n tab\t")]
    [InlineData("ÄÖÜ 🚀")]
    [InlineData("app")]
    [InlineData("postgres")]
    public async Task Should_let_him_in_whatever_his_name_is(string name)
    {
        var clone = await Lab.CloneAsync(yard.Snapshot.SnapshotId, spec => spec with { UserName = name });

        Assert.Equal(name, await CloneLab.AskAsync<string>(clone, "SELECT current_user::text", name));
        Assert.True(await CloneLab.AskAsync<bool>(clone, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user", name));
        Assert.Equal(1000L, await CloneLab.AskAsync<long>(clone, "SELECT count(*) FROM thing", name));
        await Lab.Host.DestroyAsync(clone.CloneId, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Should_lock_every_role_of_the_snapshot()
    {
        var clone = await Lab.CloneAsync(yard.Snapshot.SnapshotId);

        foreach (var role in (string[])["app", "boss", "o'dd \"role\\", "orchestrator_clones"])
        {
            foreach (var password in (string[])["inherited-secret", "", CloneLab.Password])
            {
                var refused = await Assert.ThrowsAnyAsync<NpgsqlException>(() => CloneLab.AskAsync<int>(clone, "SELECT 1", role, password: password));
                Assert.True(refused is not PostgresException { SqlState: var state } || state.StartsWith("28", StringComparison.Ordinal), refused.Message);
            }
        }

        Assert.Equal(0L, await CloneLab.AskAsync<long>(
            clone, "SELECT count(*) FROM pg_authid WHERE rolname <> 'alice' AND (rolpassword IS NOT NULL OR (rolcanlogin AND rolname <> 'orchestrator_clones'))"));
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => CloneLab.AskAsync<int>(clone, "SELECT 1", password: "wrong"));
        await Lab.Host.DestroyAsync(clone.CloneId, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Should_give_a_restricted_user_the_data_and_nothing_else()
    {
        var clone = await Lab.CloneAsync(yard.Snapshot.SnapshotId, spec => spec with { UserName = "app", IsRestricted = true });

        Assert.False(await CloneLab.AskAsync<bool>(clone, "SELECT rolsuper OR rolcreaterole OR rolreplication OR rolbypassrls FROM pg_roles WHERE rolname = current_user", "app"));
        await CloneLab.RunAsync(clone, "ALTER TABLE thing ADD COLUMN extra int; DROP TABLE thing; ALTER TYPE mood ADD VALUE 'odd'; SELECT setval('counter', 5)", "app");
        await CloneLab.RunAsync(clone, "DROP SCHEMA \"we\"\"ird \\ ' schema\" CASCADE", "app");
        Assert.Equal("app", await CloneLab.AskAsync<string>(clone, "SELECT whoami()", "app"));
        await CloneLab.RunAsync(clone, "CREATE TABLE mine (id int)", "app", "second \"db' \\");
        foreach (var beyond in (string[])["COPY (SELECT 1) TO PROGRAM 'id'", "SELECT pg_read_file('PG_VERSION')", "CREATE ROLE another", "SET ROLE boss", "ALTER SYSTEM SET work_mem = '1MB'"])
        {
            var refused = await Assert.ThrowsAsync<PostgresException>(() => CloneLab.RunAsync(clone, beyond, "app"));
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
        }

        await Lab.Host.DestroyAsync(clone.CloneId, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("", CloneFailure.BadRequest)]
    [InlineData("pg_monitor", CloneFailure.BadRequest)]
    [InlineData("orchestrator_clones", CloneFailure.BadRequest)]
    [InlineData("zero\0", CloneFailure.BadRequest)]
    [InlineData("a name that is longer than the sixty-three bytes that Postgres keeps of it", CloneFailure.BadRequest)]
    public async Task Should_refuse_a_name_that_cannot_be_his(string name, string code)
    {
        var refused = await Assert.ThrowsAsync<CloneFailedException>(() => Lab.CloneAsync(yard.Snapshot.SnapshotId, spec => spec with { UserName = name }));

        Assert.Equal(code, refused.Code);
    }

    [Theory]
    [InlineData("pa55-word!")]
    [InlineData("md5a65a6aa2a65a6aa2a65a6aa2a65a6aa2")]
    [InlineData("SCRAM-SHA-256$4096:c2FsdA==$AAAA:BBBB")]
    [InlineData("SCRAM-SHA-256$4096:c2FsdHNhbHQ=$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' SUPERUSER --")]
    public async Task Should_take_nothing_but_a_verifier(string verifier)
    {
        var refused = await Assert.ThrowsAsync<CloneFailedException>(() => Lab.CloneAsync(yard.Snapshot.SnapshotId, spec => spec with { Verifier = verifier }));

        Assert.Equal(CloneFailure.BadRequest, refused.Code);
        Assert.DoesNotContain(verifier, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Should_connect_to_a_database_with_an_odd_name_and_refuse_one_that_is_not_there()
    {
        var clone = await Lab.CloneAsync(yard.Snapshot.SnapshotId, spec => spec with { Database = "second \"db' \\" });
        Assert.Equal(1, await CloneLab.AskAsync<int>(clone, "SELECT 1", database: "second \"db' \\"));
        await Lab.Host.DestroyAsync(clone.CloneId, TestContext.Current.CancellationToken);

        var before = Directory.EnumerateDirectories(Lab.Storage.Layout.Clones).Count();
        var refused = await Assert.ThrowsAsync<CloneFailedException>(() => Lab.CloneAsync(yard.Snapshot.SnapshotId, spec => spec with { Database = "../../none" }));
        Assert.Equal(CloneFailure.DatabaseNotFound, refused.Code);
        Assert.Equal(before, Directory.EnumerateDirectories(Lab.Storage.Layout.Clones).Count());
    }

    [Fact]
    public async Task Should_set_what_is_allowed_and_refuse_the_rest()
    {
        var clone = await Lab.CloneAsync(yard.Snapshot.SnapshotId, spec => spec with
        {
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["work_mem"] = "7MB", ["search_path"] = "\"a'b\\c\", public", ["Statement_Timeout"] = "61s" },
        });
        Assert.Equal("7MB \"a'b\\c\", public 61s", await CloneLab.AskAsync<string>(
            clone, "SELECT concat_ws(' ', current_setting('work_mem'), current_setting('search_path'), current_setting('statement_timeout'))"));
        await Lab.Host.DestroyAsync(clone.CloneId, TestContext.Current.CancellationToken);

        (string Name, string Value)[] refusals =
        [
            ("listen_addresses", "*"), ("port", "1"), ("archive_command", "id"), ("ssl_passphrase_command", "id"), ("shared_preload_libraries", "x"),
            ("unix_socket_directories", "/tmp"), ("dynamic_library_path", "/tmp"), ("work_mem", "1MB\nlisten_addresses = '*'"), ("work_mem", "banana"),
            ("no\nsuch = 1", "x"), ("include", "/etc/passwd"),
        ];
        foreach (var (name, value) in refusals)
        {
            var refused = await Assert.ThrowsAsync<CloneFailedException>(() => Lab.CloneAsync(
                yard.Snapshot.SnapshotId, spec => spec with { Settings = new Dictionary<string, string>(StringComparer.Ordinal) { [name] = value } }));
            Assert.Equal(CloneFailure.SettingNotAllowed, refused.Code);
        }

        Assert.DoesNotContain(Lab.Host.List(), known => known.State is not CloneState.Running);
    }

    [Fact]
    public async Task Should_tell_use_from_idleness()
    {
        var clone = await Lab.CloneAsync(yard.Snapshot.SnapshotId);
        var first = (await Lab.Host.ReadActivityAsync(clone.CloneId, TestContext.Current.CancellationToken))!;
        var second = (await Lab.Host.ReadActivityAsync(clone.CloneId, TestContext.Current.CancellationToken))!;
        Assert.Equal((first.Use, null, 0), (second.Use, second.LastActivityAt, second.BusySessions));

        await CloneLab.AskAsync<int>(clone, "SELECT 1");
        await Infrastructure.Wait.UntilAsync(
            async () => (await Lab.Host.ReadActivityAsync(clone.CloneId, TestContext.Current.CancellationToken))!.Use > second.Use, "the use of a moment ago seen");

        await using var connection = new NpgsqlConnection(CloneLab.ConnectionString(clone));
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var begun = new NpgsqlCommand("BEGIN; SELECT 1", connection);
        await begun.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        var busy = (await Lab.Host.ReadActivityAsync(clone.CloneId, TestContext.Current.CancellationToken))!;
        Assert.Equal(1, busy.BusySessions);
        Assert.NotNull(busy.LastActivityAt);
        await Lab.Host.DestroyAsync(clone.CloneId, TestContext.Current.CancellationToken);
    }
}
