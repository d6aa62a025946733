using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Orchestrator.Sagas.Persistence.Migrations;

/// <summary>Regions, apps, nodes, instances, their claims on nodes, and the provision template of a flavor.</summary>
[DbContext(typeof(OrchestratorDbContext))]
[Migration("20261204000000_Instances")]
public sealed class Instances : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Sql("""
            CREATE TABLE region (
                id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                name       text        NOT NULL UNIQUE CHECK (name <> ''),
                created_at timestamptz NOT NULL DEFAULT now()
            );

            CREATE TABLE app (
                id             bigint           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                name           text             NOT NULL UNIQUE CHECK (name <> ''),
                image          text,
                command        text[]           NOT NULL DEFAULT '{}',
                env            jsonb            NOT NULL DEFAULT '{}',
                ports          int[]            NOT NULL DEFAULT '{}',
                health_check   jsonb            NOT NULL DEFAULT '{}',
                restart_policy jsonb            NOT NULL DEFAULT '{}',
                grace_seconds  double precision,
                instance_limit int              CHECK (instance_limit >= 0),
                created_at     timestamptz      NOT NULL DEFAULT now(),
                updated_at     timestamptz      NOT NULL DEFAULT now(),
                CHECK (image IS NOT NULL OR cardinality(command) > 0)
            );

            CREATE TABLE node (
                name         text        PRIMARY KEY,
                incarnation  bigint      NOT NULL,
                state        text        NOT NULL CHECK (state IN ('joining', 'active', 'draining', 'drained', 'lost')),
                machine      text        NOT NULL,
                runtime      text        NOT NULL,
                regions      text[]      NOT NULL DEFAULT '{}',
                labels       jsonb       NOT NULL DEFAULT '{}',
                milli_cpus   int         NOT NULL CHECK (milli_cpus > 0),
                memory_mib   int         NOT NULL,
                disk_mib     int         NOT NULL,
                lease_until  timestamptz NOT NULL,
                heartbeat_at timestamptz NOT NULL DEFAULT now(),
                drain_until  timestamptz,
                created_at   timestamptz NOT NULL DEFAULT now()
            );

            CREATE SEQUENCE instance_id;

            CREATE TABLE instance (
                correlation_id    uuid        PRIMARY KEY,
                id                bigint      NOT NULL UNIQUE,
                app_id            bigint      NOT NULL REFERENCES app (id),
                instance_type     text        NOT NULL,
                region_id         bigint      REFERENCES region (id),
                status            text        NOT NULL CHECK (status IN ('provisioning', 'running', 'stopping', 'stopped', 'failed', 'terminated')),
                instance_status   text        NOT NULL CHECK (instance_status IN ('running', 'stopped', 'terminated', 'failed')),
                container_id      text,
                node_name         text,
                version           int         NOT NULL,
                attempt           int         NOT NULL,
                is_placed         boolean     NOT NULL,
                reason_code       text,
                reason            text,
                exit_code         int,
                restarts          int         NOT NULL,
                restarts_since    timestamptz,
                due_at            timestamptz,
                flavor_platform   text,
                flavor_name       text,
                job_platform      text,
                job_id            text,
                idle_since        timestamptz,
                asked_at          timestamptz,
                replaces          uuid,
                replaced_by       uuid,
                lease_nonce       uuid,
                lease_owner       text,
                lease_description text,
                lease_until       timestamptz,
                trace_id          text,
                created_at        timestamptz NOT NULL,
                updated_at        timestamptz NOT NULL,
                running_at        timestamptz,
                ended_at          timestamptz,
                CHECK (status <> 'terminated' OR instance_status = 'terminated')
            );
            CREATE INDEX instance_app ON instance (app_id, id);
            CREATE INDEX instance_app_running ON instance (app_id, id) WHERE instance_status = 'running';
            CREATE INDEX instance_due ON instance (due_at) WHERE due_at IS NOT NULL;
            CREATE INDEX instance_waiting ON instance (id) WHERE status = 'provisioning' AND NOT is_placed;
            CREATE INDEX instance_flavor ON instance (flavor_platform, flavor_name)
                WHERE flavor_name IS NOT NULL AND status IN ('provisioning', 'running', 'stopping');
            CREATE INDEX instance_job ON instance (job_platform, job_id) WHERE job_id IS NOT NULL;
            CREATE INDEX instance_flavor_recent ON instance (flavor_platform, flavor_name, id) WHERE flavor_name IS NOT NULL;
            CREATE INDEX instance_ended ON instance USING brin (ended_at) WHERE ended_at IS NOT NULL;

            -- One row a claim: an attempt on a node, with what it takes of it, and the order to the node.
            CREATE TABLE placement (
                instance    uuid        NOT NULL,
                attempt     int         NOT NULL,
                node        text        NOT NULL REFERENCES node (name),
                incarnation bigint      NOT NULL,
                app_id      bigint      NOT NULL,
                milli_cpus  int         NOT NULL,
                memory_mib  int         NOT NULL,
                disk_mib    int         NOT NULL,
                ports       int[]       NOT NULL DEFAULT '{}',
                goal        text        NOT NULL DEFAULT 'run' CHECK (goal IN ('run', 'ask', 'end')),
                grace       interval    NOT NULL DEFAULT interval '0',
                handle      text,
                spec        jsonb       NOT NULL,
                claimed_at  timestamptz NOT NULL DEFAULT now(),
                PRIMARY KEY (instance, attempt)
            );
            CREATE INDEX placement_node ON placement (node);

            ALTER TABLE flavor ADD provision_app bigint REFERENCES app (id),
                ADD provision_region bigint REFERENCES region (id),
                ADD provision_instance_type text,
                ADD CHECK ((provision_app IS NULL) = (provision_instance_type IS NULL));
            """);
    }
}
