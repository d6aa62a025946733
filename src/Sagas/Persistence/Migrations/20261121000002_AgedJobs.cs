using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Orchestrator.Sagas.Persistence.Migrations;

/// <summary>
/// Finds the jobs that grow too old to count, and those that count again, without a look at any other. Starting a job
/// changes neither index; completing it takes it out.
/// </summary>
[DbContext(typeof(OrchestratorDbContext))]
[Migration("20261121000002_AgedJobs")]
public sealed class AgedJobs : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        CREATE INDEX job_counted ON job (created_at) WHERE completed_at IS NULL AND NOT is_aged;
        CREATE INDEX job_aged ON job (created_at) WHERE completed_at IS NULL AND is_aged;
        """);
}
