using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Orchestrator.Sagas.Persistence.Migrations;

/// <summary>Fails the transaction of a saga whose row somebody else wrote meanwhile.</summary>
[DbContext(typeof(OrchestratorDbContext))]
[Migration("20261201000002_DemandWritten")]
public sealed class DemandWritten : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        CREATE FUNCTION demand_written(written bigint) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            IF written <> 1 THEN
                RAISE EXCEPTION 'another writer was faster' USING ERRCODE = 'OR001';
            END IF;
        END
        $$;
        """);
}
