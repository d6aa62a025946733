using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Orchestrator.Sagas.Persistence.Migrations;

/// <summary>Declared actions: which there are, and every version of each, which never changes once it is there.</summary>
[DbContext(typeof(OrchestratorDbContext))]
[Migration("20261202000100_DeclaredActions")]
public sealed class DeclaredActions : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        CREATE TABLE declared_actions (
            application text    NOT NULL,
            action      text    NOT NULL,
            version     int     NOT NULL,
            is_deleted  boolean NOT NULL DEFAULT false,
            PRIMARY KEY (application, action)
        );

        CREATE TABLE declared_action_versions (
            application text        NOT NULL,
            action      text        NOT NULL,
            version     int         NOT NULL CHECK (version > 0),
            hash        text        NOT NULL UNIQUE,
            format      text        NOT NULL CHECK (format IN ('yaml', 'json')),
            definition  text        NOT NULL,
            document    text        NOT NULL,
            actor       text,
            trace_id    text,
            created_at  timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (application, action, version),
            FOREIGN KEY (application, action) REFERENCES declared_actions
        );

        CREATE FUNCTION refuse_changed_version() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'a version of an action never changes'; END
        $$;
        CREATE TRIGGER declared_action_versions_never_change BEFORE UPDATE ON declared_action_versions
            FOR EACH ROW EXECUTE FUNCTION refuse_changed_version();
        """);
}
