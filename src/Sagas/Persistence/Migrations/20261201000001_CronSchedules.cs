using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Orchestrator.Sagas.Persistence.Migrations;

/// <summary>Messages that are sent again and again; the next time of each is a timer with the schedule's token.</summary>
[DbContext(typeof(OrchestratorDbContext))]
[Migration("20261201000001_CronSchedules")]
public sealed class CronSchedules : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        CREATE TABLE cron_schedule (
            group_name   text        NOT NULL,
            key          text        NOT NULL,
            expression   text        NOT NULL,
            time_zone    text        NOT NULL,
            token        uuid        NOT NULL UNIQUE,
            next_at      timestamptz,
            exchange     text        NOT NULL,
            is_mandatory boolean     NOT NULL,
            content_type text        NOT NULL,
            body         bytea       NOT NULL,
            PRIMARY KEY (group_name, key)
        );
        CREATE INDEX cron_schedule_next_at ON cron_schedule (next_at);
        """);
}
