using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Orchestrator.Sagas.Persistence.Migrations;

/// <summary>A drain outlives the life of the node that it began in; an index for the gauge of instances.</summary>
[DbContext(typeof(OrchestratorDbContext))]
[Migration("20261204000001_ClosedNodes")]
public sealed class ClosedNodes : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Sql("""
            ALTER TABLE node ADD is_closed boolean NOT NULL DEFAULT false;
            UPDATE node SET is_closed = true WHERE state IN ('draining', 'drained');
            CREATE INDEX instance_open ON instance (status) WHERE status <> 'terminated';
            """);
    }
}
