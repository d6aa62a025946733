using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Orchestrator.Sagas.Persistence.Migrations;

/// <summary>Clones, their snapshots and their hosts.</summary>
[DbContext(typeof(OrchestratorDbContext))]
[Migration("20261205000000_Clones")]
public sealed class Clones : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        CREATE TABLE clone_host (
            id           text        PRIMARY KEY,
            lock_key     int         NOT NULL,
            address      text        NOT NULL,
            provider     text        NOT NULL,
            is_thin      boolean     NOT NULL,
            file_system  text        NOT NULL,
            disk_size    bigint      NOT NULL,
            disk_free    bigint      NOT NULL,
            disk_reserve bigint      NOT NULL,
            ports        int         NOT NULL,
            warnings     jsonb       NOT NULL DEFAULT '[]',
            unavailable  jsonb       NOT NULL DEFAULT '{}',
            public_key   bytea       NOT NULL,
            created_at   timestamptz NOT NULL DEFAULT now(),
            seen_at      timestamptz NOT NULL DEFAULT now()
        );

        CREATE TABLE clone (
            correlation_id uuid        PRIMARY KEY,
            state          text        NOT NULL CHECK (state IN ('Creating', 'Ready', 'Resetting', 'Deleting', 'Fatal', 'Final')),
            id             text        NOT NULL UNIQUE CHECK (id <> ''),
            attempt        int         NOT NULL,
            revision       int         NOT NULL,
            state_since    timestamptz NOT NULL,
            host_id        text        NOT NULL REFERENCES clone_host (id),
            snapshot_id    text        NOT NULL,
            name           text,
            project        text,
            owner          text,
            username       text        NOT NULL,
            verifier       text        NOT NULL CHECK (verifier LIKE 'SCRAM-SHA-256$%'),
            db_name        text,
            is_restricted  boolean     NOT NULL,
            extra_conf     jsonb       NOT NULL DEFAULT '{}',
            is_protected   boolean     NOT NULL,
            protected_till timestamptz,
            delete_at      timestamptz,
            created_at     timestamptz NOT NULL,
            ready_at       timestamptz,
            is_stored      boolean     NOT NULL,
            fatal_code     text,
            fatal_detail   text,
            address        text,
            port           int,
            delete_reason  text,
            trace_id       text
        );
        CREATE INDEX clone_host_id ON clone (host_id);
        CREATE INDEX clone_snapshot_id ON clone (snapshot_id);

        -- Written often, and not by the clone's saga.
        CREATE TABLE clone_measure (
            clone_id       uuid        PRIMARY KEY REFERENCES clone (correlation_id) ON DELETE CASCADE,
            measured_at    timestamptz NOT NULL,
            diff_size      bigint      NOT NULL,
            use_count      bigint      NOT NULL,
            last_active_at timestamptz NOT NULL
        );

        CREATE TABLE clone_creation (
            clone_id uuid             PRIMARY KEY,
            seconds  double precision NOT NULL,
            at       timestamptz      NOT NULL DEFAULT now()
        );
        CREATE INDEX clone_creation_at ON clone_creation USING brin (at);

        CREATE TABLE clone_snapshot (
            correlation_id   uuid        PRIMARY KEY,
            state            text        NOT NULL CHECK (state IN ('Making', 'Ready', 'Deleting', 'Fatal', 'Final')),
            id               text        NOT NULL UNIQUE CHECK (id <> ''),
            attempt          int         NOT NULL,
            state_since      timestamptz NOT NULL,
            host_id          text        NOT NULL REFERENCES clone_host (id),
            source_name      text,
            sealed_source    bytea,
            dump             text,
            clone_key        uuid,
            db_name          text,
            message          text,
            is_protected     boolean     NOT NULL,
            protected_till   timestamptz,
            delete_at        timestamptz,
            created_at       timestamptz NOT NULL,
            data_state_at    timestamptz,
            physical_size    bigint      NOT NULL,
            logical_size     bigint      NOT NULL,
            postgres_version int         NOT NULL,
            databases        text[]      NOT NULL DEFAULT '{}',
            waits_for_clones boolean     NOT NULL DEFAULT false,
            fatal_code       text,
            fatal_detail     text,
            delete_reason    text,
            trace_id         text
        );
        CREATE INDEX clone_snapshot_host_id ON clone_snapshot (host_id);
        CREATE INDEX clone_snapshot_newest ON clone_snapshot (data_state_at DESC) WHERE state = 'Ready';
        """);
}
