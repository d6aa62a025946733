using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Orchestrator.Sagas.Persistence.Migrations;

/// <summary>
/// What order and repeats must not change: which of two deliveries of one kind a job keeps, and whether the time of its
/// creation was told or is the best guess so far.
/// </summary>
[DbContext(typeof(OrchestratorDbContext))]
[Migration("20261121000003_JobRanks")]
public sealed class JobRanks : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        ALTER TABLE job ADD COLUMN is_created_at_guess boolean NOT NULL DEFAULT false;
        ALTER TABLE job RENAME COLUMN raw_kinds TO raw_ranks;
        DROP FUNCTION outranked_keys;

        -- Keys of incoming that have a value of the same or a higher rank already.
        CREATE FUNCTION outranked_keys(stored_ranks jsonb, incoming_ranks jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
            SELECT coalesce(array_agg(key), '{}') FROM jsonb_each(stored_ranks) stored (key, rank)
            WHERE rank::bigint >= (incoming_ranks -> key)::bigint
        $$;

        -- Told beats guessed; of two alike, the earlier.
        CREATE FUNCTION earlier_created_at(stored timestamptz, is_stored_guess boolean, incoming timestamptz, is_incoming_guess boolean)
        RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
            SELECT CASE WHEN is_stored_guess = is_incoming_guess THEN least(stored, incoming)
                        WHEN is_stored_guess THEN incoming ELSE stored END
        $$;
        """);
}
