using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Orchestrator.Sagas.Persistence.Migrations;

/// <summary>Apps, fns, triggers and calls.</summary>
[DbContext(typeof(OrchestratorDbContext))]
[Migration("20261203000000_Calls")]
public sealed class Calls : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Sql(Functions);
        migrationBuilder.Sql(CallTable);
    }

    private const string Functions = """
        CREATE TABLE fn_app (
            id          text        COLLATE "C" PRIMARY KEY,
            name        text        COLLATE "C" NOT NULL UNIQUE,
            config      text        NOT NULL DEFAULT '{}',
            annotations text        NOT NULL DEFAULT '{}',
            syslog_url  text,
            shape       text        NOT NULL,
            created_at  timestamptz NOT NULL,
            updated_at  timestamptz NOT NULL
        );

        CREATE TABLE fn (
            id              text        COLLATE "C" PRIMARY KEY,
            name            text        COLLATE "C" NOT NULL,
            app_id          text        COLLATE "C" NOT NULL REFERENCES fn_app ON DELETE CASCADE,
            image           text        NOT NULL,
            memory          bigint      NOT NULL,
            timeout         int         NOT NULL,
            idle_timeout    int         NOT NULL,
            tmpfs_size      int         NOT NULL DEFAULT 0,
            cpus            int         NOT NULL DEFAULT 0,
            max_concurrency int         NOT NULL DEFAULT 0,
            config          text        NOT NULL DEFAULT '{}',
            annotations     text        NOT NULL DEFAULT '{}',
            shape           text        NOT NULL,
            created_at      timestamptz NOT NULL,
            updated_at      timestamptz NOT NULL,
            UNIQUE (app_id, name)
        );

        CREATE TABLE fn_trigger (
            id          text        COLLATE "C" PRIMARY KEY,
            name        text        COLLATE "C" NOT NULL,
            app_id      text        COLLATE "C" NOT NULL REFERENCES fn_app ON DELETE CASCADE,
            fn_id       text        COLLATE "C" NOT NULL REFERENCES fn ON DELETE CASCADE,
            type        text        NOT NULL,
            source      text        COLLATE "C" NOT NULL,
            annotations text        NOT NULL DEFAULT '{}',
            created_at  timestamptz NOT NULL,
            updated_at  timestamptz NOT NULL,
            CONSTRAINT fn_trigger_source UNIQUE (app_id, type, source),
            CONSTRAINT fn_trigger_name UNIQUE (app_id, fn_id, name)
        );
        CREATE INDEX fn_trigger_fn ON fn_trigger (fn_id);

        -- What a fn was when a call of it was accepted. Never changed, found by its hash.
        CREATE TABLE fn_spec (
            id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            hash       bytea       NOT NULL UNIQUE,
            fn_id      text        COLLATE "C" NOT NULL,
            spec       text        NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        );
        """;

    // rank: microseconds of queued_at less a bonus for the priority; the lowest of a spec starts next.
    // payload is stored outside the row when it is large, and never compressed.
    private const string CallTable = """
        CREATE TABLE call (
            id                 text        COLLATE "C" PRIMARY KEY,
            fn_id              text        COLLATE "C" NOT NULL,
            spec_id            bigint      NOT NULL,
            status             text        COLLATE "C" NOT NULL
                CHECK (status IN ('delayed', 'queued', 'running', 'success', 'error', 'cancelled')),
            type               text        NOT NULL CHECK (type IN ('sync', 'detached', 'async')),
            priority           smallint    NOT NULL DEFAULT 0 CHECK (priority BETWEEN 0 AND 2),
            rank               bigint      NOT NULL DEFAULT 0,
            delay              int         NOT NULL DEFAULT 0,
            due_at             timestamptz,
            attempt            int         NOT NULL DEFAULT 1,
            max_retries        smallint    NOT NULL DEFAULT 0,
            retry_delay        int         NOT NULL DEFAULT 0,
            retry_of           text        COLLATE "C",
            retry_at           text        COLLATE "C",
            trigger_id         text        COLLATE "C" NOT NULL DEFAULT '',
            url                text        NOT NULL DEFAULT '',
            method             text        NOT NULL DEFAULT '',
            headers            text        NOT NULL DEFAULT '{}',
            payload            bytea,
            callback_url       text,
            created_at         timestamptz NOT NULL,
            queued_at          timestamptz,
            started_at         timestamptz,
            completed_at       timestamptz,
            execution_duration bigint,
            reason             text        CHECK (reason IN ('timeout', 'killed', 'bad_exit', 'client_request', 'start_failed')),
            error              text,
            stats              text,
            result_status      smallint,
            result_headers     text,
            result             bytea,
            worker             int,
            container          text,
            trace_id           text,
            trace_parent       text,
            actor              text        NOT NULL DEFAULT ''
        ) WITH (autovacuum_vacuum_scale_factor = 0.05);
        ALTER TABLE call ALTER COLUMN payload SET STORAGE EXTERNAL, ALTER COLUMN result SET STORAGE EXTERNAL;
        CREATE INDEX call_list ON call (fn_id, id);
        CREATE INDEX call_queue ON call (spec_id, rank, id) WHERE status = 'queued';
        CREATE INDEX call_running ON call (worker) WHERE status = 'running';
        CREATE INDEX call_completed_at ON call USING brin (completed_at) WHERE completed_at IS NOT NULL;

        -- The seed's diagram. The condition costs nothing while it is kept to.
        CREATE FUNCTION refuse_call_transition() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'A call that is % does not become %', OLD.status, NEW.status USING ERRCODE = 'check_violation';
        END $$;
        CREATE TRIGGER call_transition BEFORE UPDATE OF status ON call FOR EACH ROW
            WHEN (OLD.status <> NEW.status AND OLD.status || '>' || NEW.status NOT IN (
                'delayed>queued', 'delayed>cancelled', 'queued>running', 'queued>cancelled',
                'running>success', 'running>error', 'running>cancelled'))
            EXECUTE FUNCTION refuse_call_transition();

        CREATE TABLE call_log (
            call_id    text        COLLATE "C" PRIMARY KEY,
            log        bytea       NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        );
        CREATE INDEX call_log_created_at ON call_log USING brin (created_at);
        """;
}
