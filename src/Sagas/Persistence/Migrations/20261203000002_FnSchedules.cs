using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Orchestrator.Sagas.Persistence.Migrations;

/// <summary>Fns that are invoked by the clock; when is in <c>cron_schedule</c>, under the schedule's id.</summary>
[DbContext(typeof(OrchestratorDbContext))]
[Migration("20261203000002_FnSchedules")]
public sealed class FnSchedules : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        CREATE TABLE fn_schedule (
            id           text        COLLATE "C" PRIMARY KEY,
            name         text        COLLATE "C" NOT NULL,
            app_id       text        COLLATE "C" NOT NULL REFERENCES fn_app ON DELETE CASCADE,
            fn_id        text        COLLATE "C" NOT NULL REFERENCES fn ON DELETE CASCADE,
            cron         text        NOT NULL,
            time_zone    text        NOT NULL,
            payload      bytea       NOT NULL,
            content_type text,
            priority     smallint    NOT NULL DEFAULT 0,
            max_retries  smallint    NOT NULL DEFAULT 0,
            retry_delay  int         NOT NULL,
            is_paused    boolean     NOT NULL DEFAULT false,
            created_at   timestamptz NOT NULL,
            updated_at   timestamptz NOT NULL,
            UNIQUE (fn_id, name)
        );
        CREATE INDEX fn_schedule_app ON fn_schedule (app_id, name, id);
        """);
}
