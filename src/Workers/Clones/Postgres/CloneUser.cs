using System.Text;
using System.Text.RegularExpressions;
using Npgsql;

namespace Orchestrator.Workers.Clones.Postgres;

/// <summary>The role that a clone is made for.</summary>
internal static partial class CloneUser
{
    private const int LongestName = 63;

    // Owners' rights on all that a user can make; what belongs to an extension stays its own.
    private const string TakeOver = """
        DO $do$
        DECLARE
            taker name := current_setting('orchestrator.taker');
            item record;
        BEGIN
            EXECUTE format('ALTER DATABASE %I OWNER TO %I', current_database(), taker);
            FOR item IN SELECT nspname AS name FROM pg_namespace n WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
                AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')
            LOOP
                EXECUTE format('ALTER SCHEMA %I OWNER TO %I', item.name, taker);
            END LOOP;
            FOR item IN SELECT c.oid::regclass AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                    AND (d.deptype = 'e' OR (c.relkind = 'S' AND d.deptype IN ('a', 'i'))))
            LOOP
                EXECUTE format('ALTER TABLE %s OWNER TO %I', item.name, taker);
            END LOOP;
            FOR item IN SELECT p.oid::regprocedure AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
            LOOP
                EXECUTE format('ALTER ROUTINE %s OWNER TO %I', item.name, taker);
            END LOOP;
            FOR item IN SELECT t.oid::regtype AS name FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
                LEFT JOIN pg_class c ON c.oid = t.typrelid
                WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND t.typtype IN ('c', 'd', 'e', 'r')
                AND (c.relkind IS NULL OR c.relkind = 'c')
                AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
            LOOP
                EXECUTE format('ALTER TYPE %s OWNER TO %I', item.name, taker);
            END LOOP;
            FOR item IN SELECT oid AS name FROM pg_largeobject_metadata LOOP
                EXECUTE format('ALTER LARGE OBJECT %s OWNER TO %I', item.name, taker);
            END LOOP;
        END
        $do$
        """;

    /// <summary>Why a clone cannot be made for this user; null when it can.</summary>
    public static string? Refuse(CloneSpec spec)
    {
        if (RefuseName(spec.UserName) is { } badUser)
            return $"the user name {badUser}";
        if (spec.UserName.StartsWith("pg_", StringComparison.Ordinal) || spec.UserName is PostgresFiles.AdminRole or "public" or "none")
            return $"the user name {spec.UserName} is reserved";
        if (RefuseName(spec.Database) is { } badDatabase)
            return $"the database name {badDatabase}";
        return Scram().IsMatch(spec.Verifier) ? null : "the verifier must be SCRAM-SHA-256$iterations:salt$stored:server, never a password";
    }

    /// <summary>Creates the role, or takes over one that the snapshot has; doing it again changes nothing.</summary>
    /// <exception cref="CloneFailedException">The database is not in the snapshot.</exception>
    public static async Task PrepareAsync(CloneSpec spec, string sockets, int port, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await AdminConnection.OpenAsync(sockets, port, spec.Database, cancellationToken);
            var role = AdminConnection.Identifier(spec.UserName);
            var known = await connection.QueryAsync("SELECT FROM pg_roles WHERE rolname = $1", cancellationToken, spec.UserName);
            var attributes = spec.IsRestricted ? "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS" : "SUPERUSER";
            await connection.ExecuteAsync(
                $"{(known.Count == 0 ? "CREATE" : "ALTER")} ROLE {role} LOGIN INHERIT {attributes} CONNECTION LIMIT -1 VALID UNTIL 'infinity' PASSWORD {AdminConnection.Literal(spec.Verifier)}",
                cancellationToken);
            if (!spec.IsRestricted)
                return;
            // A role of the snapshot may be in others that lead out of the database, such as pg_execute_server_program.
            await connection.ExecuteAsync("DELETE FROM pg_auth_members WHERE member = (SELECT oid FROM pg_roles WHERE rolname = $1)", cancellationToken, spec.UserName);
            var databases = await connection.QueryAsync("SELECT datname::text FROM pg_database WHERE datallowconn AND NOT datistemplate", cancellationToken);
            foreach (var database in databases)
                await TakeOverAsync(spec.UserName, sockets, port, (string)database[0]!, cancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.InvalidCatalogName)
        {
            throw new CloneFailedException(CloneFailure.DatabaseNotFound, $"The snapshot has no database {spec.Database}.", "Name a database of the snapshot in db.db_name.");
        }
        catch (PostgresException exception)
        {
            throw new CloneFailedException(CloneFailure.PostgresFailed, $"The user cannot be prepared: {exception.MessageText}");
        }
    }

    private static async Task TakeOverAsync(string userName, string sockets, int port, string database, CancellationToken cancellationToken)
    {
        await using var connection = await AdminConnection.OpenAsync(sockets, port, database, cancellationToken);
        await connection.QueryAsync("SELECT set_config('orchestrator.taker', $1, false)", cancellationToken, userName);
        await connection.ExecuteAsync(TakeOver, cancellationToken);
    }

    private static string? RefuseName(string name)
    {
        if (name.Length == 0)
            return "must not be empty";
        if (Encoding.UTF8.GetByteCount(name) > LongestName)
            return $"must not be longer than {LongestName} bytes";
        return name.Contains('\0', StringComparison.Ordinal) ? "must not hold a zero character" : null;
    }

    [GeneratedRegex(@"^SCRAM-SHA-256\$[1-9][0-9]{0,8}:[A-Za-z0-9+/=]{4,128}\$[A-Za-z0-9+/=]{44}:[A-Za-z0-9+/=]{44}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Scram();
}
