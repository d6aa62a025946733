using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Orchestrator.Sagas.Persistence.Migrations;

/// <summary>Finds deployments that go on, and those that somebody has to look at, among all that have finished.</summary>
[DbContext(typeof(OrchestratorDbContext))]
[Migration("20261202000200_OpenDeployments")]
public sealed class OpenDeployments : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        CREATE INDEX action_deployments_open ON action_deployments (state) WHERE status <> 'Finished';
        CREATE INDEX action_deployments_incident ON action_deployments (outcome) WHERE incident IS NOT NULL;
        """);
}
