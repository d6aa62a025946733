using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Orchestrator.Sagas.Persistence.Migrations;

/// <summary>Calls that are due are found by their time.</summary>
[DbContext(typeof(OrchestratorDbContext))]
[Migration("20261203000001_DueCalls")]
public sealed class DueCalls : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        CREATE INDEX call_due ON call (due_at) WHERE status = 'delayed';
        """);
}
