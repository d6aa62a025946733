using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Orchestrator.Sagas.Persistence.Migrations;

/// <summary>Timers, and the one clock that due times and leases are compared on.</summary>
[DbContext(typeof(OrchestratorDbContext))]
[Migration("20261201000000_Timers")]
public sealed class Timers : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        -- One row at most; without one the clock is right. Tests move it.
        CREATE TABLE clock_skew (
            skew    interval NOT NULL,
            is_only boolean  PRIMARY KEY DEFAULT true CHECK (is_only)
        );

        -- PL/pgSQL keeps its plan, where SQL would be planned at each call.
        CREATE FUNCTION database_now() RETURNS timestamptz LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
        BEGIN
            RETURN statement_timestamp() + coalesce((SELECT skew FROM clock_skew), interval '0');
        END
        $$;

        CREATE TABLE timer (
            token        uuid        PRIMARY KEY,
            due_at       timestamptz NOT NULL,
            message_id   text        NOT NULL,
            exchange     text        NOT NULL,
            routing_key  text        NOT NULL,
            is_mandatory boolean     NOT NULL,
            content_type text        NOT NULL,
            headers      jsonb       NOT NULL,
            body         bytea       NOT NULL
        ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
        CREATE INDEX timer_due_at ON timer (due_at);
        """);
}
