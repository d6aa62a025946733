using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Orchestrator.Sagas.Persistence.Migrations;

/// <summary>
/// Remembers which kind of event each key of <c>job.raw</c> comes from, where it is not the first: whatever order the
/// events come in, the later kind's value stays.
/// </summary>
[DbContext(typeof(OrchestratorDbContext))]
[Migration("20261121000001_RawKinds")]
public sealed class RawKinds : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        ALTER TABLE job ADD COLUMN raw_kinds jsonb NOT NULL DEFAULT '{}';

        -- Keys of incoming that a later kind of event has set already.
        CREATE FUNCTION outranked_keys(stored_kinds jsonb, incoming_kinds jsonb, incoming jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
            SELECT coalesce(array_agg(key), '{}') FROM jsonb_each(stored_kinds) stored (key, kind)
            WHERE incoming ? key AND kind::int > coalesce((incoming_kinds -> key)::int, 0)
        $$;
        """);
}
