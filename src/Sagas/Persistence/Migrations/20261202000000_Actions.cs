using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Orchestrator.Sagas.Persistence.Migrations;

/// <summary>Deployments of actions: the seed's three tables, attempts, lists of jobs and which worker knows which.</summary>
[DbContext(typeof(OrchestratorDbContext))]
[Migration("20261202000000_Actions")]
public sealed class Actions : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(Tables);

    private const string Tables = """
        CREATE TABLE action_job_lists (
            hash          text        PRIMARY KEY,
            application   text        NOT NULL,
            action        text        NOT NULL,
            list          text        NOT NULL,
            first_seen_at timestamptz NOT NULL DEFAULT now(),
            started_at    timestamptz NOT NULL DEFAULT now()
        );
        CREATE INDEX action_job_lists_action ON action_job_lists (action, application);

        CREATE TABLE action_workers (
            worker        int         NOT NULL,
            hash          text        NOT NULL,
            advertised_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (worker, hash)
        );
        CREATE INDEX action_workers_hash ON action_workers (hash);

        CREATE TABLE action_deployments (
            correlation_id      uuid        PRIMARY KEY,
            state               text        NOT NULL CHECK (state IN ('Running', 'Suspended', 'Rollback', 'RollbackSuspended', 'Finished')),
            status              text        NOT NULL CHECK (status IN ('Running', 'Rollback', 'Finished')),
            outcome             text        CHECK (outcome IN ('Succeeded', 'RolledBack', 'RollbackFailed', 'Stopped', 'Incompatible')),
            application         text        NOT NULL,
            action              text        NOT NULL,
            group_id            text        NOT NULL,
            hash                text        NOT NULL,
            current_job         text        NOT NULL,
            attempt             int         NOT NULL,
            is_attempt_open     boolean     NOT NULL,
            tries               int         NOT NULL,
            losses              int         NOT NULL,
            is_stop_requested   boolean     NOT NULL,
            rollback_error      text,
            rollback_error_type text,
            failed_job          text,
            pending_rollbacks   text[]      NOT NULL,
            failed_rollbacks    text[]      NOT NULL,
            incident            text,
            store_type          text,
            store               text,
            output_type         text,
            output              text,
            trace_id            text,
            trace_parent        text,
            actor               text,
            created_at          timestamptz NOT NULL DEFAULT now(),
            updated_at          timestamptz NOT NULL DEFAULT now(),
            finished_at         timestamptz,
            CHECK ((status = 'Finished') = (outcome IS NOT NULL))
        ) WITH (fillfactor = 70);
        CREATE INDEX action_deployments_list ON action_deployments (created_at, correlation_id);
        CREATE INDEX action_deployments_group ON action_deployments (group_id, created_at);
        CREATE INDEX action_deployments_action ON action_deployments (action, created_at);
        CREATE INDEX action_deployments_finished_at ON action_deployments USING brin (finished_at);

        CREATE TABLE action_deployments_attempts (
            deployment_id uuid        NOT NULL REFERENCES action_deployments ON DELETE CASCADE,
            attempt       int         NOT NULL,
            job           text        NOT NULL,
            is_rollback   boolean     NOT NULL,
            try           int         NOT NULL,
            hash          text        NOT NULL,
            state         text        NOT NULL CHECK (state IN ('Scheduled', 'Running', 'Ended')),
            worker        int,
            worker_name   text,
            scheduled_at  timestamptz NOT NULL DEFAULT now(),
            due_at        timestamptz NOT NULL DEFAULT now(),
            started_at    timestamptz,
            ended_at      timestamptz,
            outcome       text        CHECK (outcome IN ('Succeeded', 'Failed', 'Lost', 'Withdrawn')),
            error         text,
            PRIMARY KEY (deployment_id, attempt)
        ) WITH (fillfactor = 70);
        CREATE INDEX action_deployments_attempts_scheduled ON action_deployments_attempts (due_at) WHERE state = 'Scheduled';
        CREATE INDEX action_deployments_attempts_running ON action_deployments_attempts (worker) WHERE state = 'Running';

        CREATE TABLE action_deployments_data (
            deployment_id uuid        NOT NULL REFERENCES action_deployments ON DELETE CASCADE,
            job           text        NOT NULL,
            type          text        NOT NULL,
            data_type     text        NOT NULL,
            data          text        NOT NULL,
            created_at    timestamptz NOT NULL DEFAULT now(),
            updated_at    timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (deployment_id, job, type)
        );

        CREATE TABLE action_deployments_errors (
            id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            deployment_id uuid        NOT NULL REFERENCES action_deployments ON DELETE CASCADE,
            job           text        NOT NULL,
            error         text        NOT NULL,
            created_at    timestamptz NOT NULL DEFAULT now()
        );
        CREATE INDEX action_deployments_errors_deployment ON action_deployments_errors (deployment_id, id);
        """;
}
