using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Orchestrator.Sagas.Persistence.Migrations;

/// <summary>Messaging tables, jobs, flavors, pressure and tokens.</summary>
[DbContext(typeof(OrchestratorDbContext))]
[Migration("20261121000000_Jobs")]
public sealed class Jobs : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Sql(Messaging);
        migrationBuilder.Sql(FlavorsAndJobs);
        migrationBuilder.Sql(Pressure);
        migrationBuilder.Sql(Http);
    }

    private const string Messaging = """
        CREATE TABLE inbox (
            message_id  uuid        NOT NULL,
            consumer    text        NOT NULL,
            received_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (message_id, consumer)
        );
        CREATE INDEX inbox_received_at ON inbox USING brin (received_at);

        CREATE TABLE outbox (
            id           uuid        PRIMARY KEY,
            owner        int         NOT NULL,
            created_at   timestamptz NOT NULL DEFAULT now(),
            claimed_at   timestamptz NOT NULL DEFAULT now(),
            message_id   text        NOT NULL,
            exchange     text        NOT NULL,
            routing_key  text        NOT NULL DEFAULT '',
            is_mandatory boolean     NOT NULL DEFAULT false,
            content_type text        NOT NULL,
            headers      jsonb       NOT NULL DEFAULT '{}',
            body         bytea       NOT NULL
        ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

        CREATE TABLE dead_letter (
            id           uuid        PRIMARY KEY,
            queue        text        NOT NULL,
            message_id   text,
            reason       text        NOT NULL,
            error_type   text,
            exchange     text        NOT NULL DEFAULT '',
            routing_key  text        NOT NULL DEFAULT '',
            content_type text,
            headers      jsonb       NOT NULL DEFAULT '{}',
            body         bytea       NOT NULL,
            first_seen   timestamptz NOT NULL DEFAULT now(),
            trace_id     text
        );
        CREATE INDEX dead_letter_queue ON dead_letter (queue, first_seen, id);
        CREATE INDEX dead_letter_first_seen ON dead_letter (first_seen);

        CREATE TABLE resource_event (
            id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            at         timestamptz NOT NULL DEFAULT clock_timestamp(),
            kind       text        NOT NULL,
            key        text        NOT NULL,
            what       text        NOT NULL,
            from_state text,
            to_state   text,
            reason     text,
            actor      text,
            trace_id   text
        );
        CREATE INDEX resource_event_resource ON resource_event (kind, key, id);
        CREATE INDEX resource_event_at ON resource_event USING brin (at);
        """;

    private const string FlavorsAndJobs = """
        CREATE TABLE flavor (
            platform         text        NOT NULL CHECK (platform <> ''),
            name             text        NOT NULL CHECK (name NOT IN ('', '_', '-')),
            labels           text[]      NOT NULL DEFAULT '{}',
            priority         int         NOT NULL DEFAULT 0,
            is_disabled      boolean     NOT NULL DEFAULT false,
            minimum_pressure int         NOT NULL DEFAULT 0 CHECK (minimum_pressure >= 0),
            maximum_pressure int         CHECK (maximum_pressure >= minimum_pressure),
            created_at       timestamptz NOT NULL DEFAULT now(),
            updated_at       timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (platform, name)
        );

        -- source says which event the labels come from, the earliest kind seen:
        -- 0 queued, 1 started, 2 started without labels, 3 completed. Only 0 and 1 are ever assigned.
        -- changes holds what the last write did: 1 started, 2 completed, 4 assigned, 8 inserted, 16 labels learnt.
        CREATE TABLE job (
            platform        text        NOT NULL CHECK (platform <> ''),
            id              text        NOT NULL CHECK (id <> ''),
            labels          text[]      NOT NULL DEFAULT '{}',
            created_at      timestamptz NOT NULL,
            started_at      timestamptz,
            completed_at    timestamptz,
            raw             jsonb       NOT NULL DEFAULT '{}',
            assigned_flavor text,
            source          smallint    NOT NULL DEFAULT 0 CHECK (source BETWEEN 0 AND 3),
            is_aged         boolean     NOT NULL DEFAULT false,
            changes         smallint    NOT NULL DEFAULT 8,
            trace_id        text,
            PRIMARY KEY (platform, id)
        );
        CREATE INDEX job_list ON job (platform, created_at, id);
        CREATE INDEX job_incomplete ON job (platform, created_at, id) WHERE completed_at IS NULL;
        CREATE INDEX job_unassigned ON job (platform, created_at, id)
            WHERE completed_at IS NULL AND assigned_flavor IS NULL;
        CREATE INDEX job_completed_at ON job USING brin (completed_at) WHERE completed_at IS NOT NULL;

        CREATE TABLE job_tombstone (
            platform   text        NOT NULL,
            id         text        NOT NULL,
            deleted_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (platform, id)
        );
        """;

    // Every statement that touches jobs adds its net effect per flavor, in its own transaction, whoever runs it.
    // Adding rows instead of updating one keeps concurrent writers apart; the compaction folds them.
    private const string Pressure = """
        CREATE TABLE pressure_delta (
            id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            platform text   NOT NULL,
            flavor   text   NOT NULL,
            delta    bigint NOT NULL
        ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

        CREATE FUNCTION count_inserted_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO pressure_delta (platform, flavor, delta)
            SELECT platform, assigned_flavor, count(*) FROM new_rows
            WHERE assigned_flavor IS NOT NULL AND completed_at IS NULL AND NOT is_aged
            GROUP BY platform, assigned_flavor;
            RETURN NULL;
        END $$;
        CREATE TRIGGER job_inserted AFTER INSERT ON job REFERENCING NEW TABLE AS new_rows
            FOR EACH STATEMENT EXECUTE FUNCTION count_inserted_jobs();

        CREATE FUNCTION count_updated_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO pressure_delta (platform, flavor, delta)
            SELECT platform, assigned_flavor, sum(one) FROM (
                SELECT platform, assigned_flavor, 1 AS one FROM new_rows
                WHERE assigned_flavor IS NOT NULL AND completed_at IS NULL AND NOT is_aged
                UNION ALL
                SELECT platform, assigned_flavor, -1 FROM old_rows
                WHERE assigned_flavor IS NOT NULL AND completed_at IS NULL AND NOT is_aged) changed
            GROUP BY platform, assigned_flavor HAVING sum(one) <> 0;
            RETURN NULL;
        END $$;
        CREATE TRIGGER job_updated AFTER UPDATE ON job REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
            FOR EACH STATEMENT EXECUTE FUNCTION count_updated_jobs();

        CREATE FUNCTION count_deleted_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO pressure_delta (platform, flavor, delta)
            SELECT platform, assigned_flavor, -count(*) FROM old_rows
            WHERE assigned_flavor IS NOT NULL AND completed_at IS NULL AND NOT is_aged
            GROUP BY platform, assigned_flavor;
            RETURN NULL;
        END $$;
        CREATE TRIGGER job_deleted AFTER DELETE ON job REFERENCING OLD TABLE AS old_rows
            FOR EACH STATEMENT EXECUTE FUNCTION count_deleted_jobs();

        CREATE FUNCTION count_truncated_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            DELETE FROM pressure_delta;
            RETURN NULL;
        END $$;
        CREATE TRIGGER job_truncated AFTER TRUNCATE ON job
            FOR EACH STATEMENT EXECUTE FUNCTION count_truncated_jobs();

        CREATE VIEW flavor_pressure AS
        SELECT f.platform, f.name, f.is_disabled,
               CASE WHEN f.is_disabled THEN coalesce(d.incomplete, 0)
                    ELSE least(greatest(f.minimum_pressure, coalesce(d.incomplete, 0)), f.maximum_pressure)
               END AS pressure,
               coalesce(d.incomplete, 0) AS incomplete
        FROM flavor f
        LEFT JOIN (SELECT platform, flavor, sum(delta)::bigint AS incomplete FROM pressure_delta GROUP BY platform, flavor) d
               ON d.platform = f.platform AND d.flavor = f.name;
        """;

    private const string Http = """
        CREATE TABLE auth_token (
            name         text        PRIMARY KEY CHECK (name <> ''),
            token_hash   bytea       NOT NULL UNIQUE,
            scopes       text[]      NOT NULL,
            created_at   timestamptz NOT NULL DEFAULT now(),
            last_used_at timestamptz
        );

        CREATE TABLE idempotency_key (
            token        text        NOT NULL,
            method       text        NOT NULL,
            path         text        NOT NULL,
            key          text        NOT NULL,
            request_hash bytea       NOT NULL,
            created_at   timestamptz NOT NULL DEFAULT now(),
            is_secret    boolean     NOT NULL DEFAULT false,
            status       int         NOT NULL,
            headers      jsonb       NOT NULL DEFAULT '{}',
            body         bytea       NOT NULL DEFAULT '',
            PRIMARY KEY (token, method, path, key)
        );
        CREATE INDEX idempotency_key_created_at ON idempotency_key (created_at);
        """;
}
