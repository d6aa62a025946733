using System.Text.RegularExpressions;

namespace Orchestrator.Workers.Clones.Postgres;

/// <summary>The parameters of Postgres that a clone's user may choose: none that leads out of the clone or weakens its sandbox.</summary>
public static partial class CloneSettings
{
    private const int LongestValue = 200;

    /// <summary>The allow-list, in lower case.</summary>
    public static readonly IReadOnlySet<string> Allowed = new HashSet<string>(StringComparer.Ordinal)
    {
        "autovacuum", "autovacuum_analyze_scale_factor", "autovacuum_analyze_threshold", "autovacuum_max_workers", "autovacuum_naptime",
        "autovacuum_vacuum_cost_delay", "autovacuum_vacuum_cost_limit", "autovacuum_vacuum_scale_factor", "autovacuum_vacuum_threshold",
        "checkpoint_completion_target", "checkpoint_timeout", "client_min_messages", "commit_delay", "constraint_exclusion",
        "cpu_index_tuple_cost", "cpu_operator_cost", "cpu_tuple_cost", "cursor_tuple_fraction", "datestyle", "deadlock_timeout",
        "default_statistics_target", "default_transaction_isolation", "default_transaction_read_only", "effective_cache_size",
        "effective_io_concurrency", "enable_bitmapscan", "enable_gathermerge", "enable_hashagg", "enable_hashjoin",
        "enable_incremental_sort", "enable_indexonlyscan", "enable_indexscan", "enable_material", "enable_memoize", "enable_mergejoin",
        "enable_nestloop", "enable_parallel_append", "enable_parallel_hash", "enable_partition_pruning", "enable_partitionwise_aggregate",
        "enable_partitionwise_join", "enable_seqscan", "enable_sort", "enable_tidscan", "extra_float_digits", "from_collapse_limit",
        "geqo", "geqo_effort", "geqo_threshold", "gin_fuzzy_search_limit", "gin_pending_list_limit", "hash_mem_multiplier",
        "idle_in_transaction_session_timeout", "idle_session_timeout", "intervalstyle", "jit", "jit_above_cost", "join_collapse_limit",
        "lock_timeout", "log_autovacuum_min_duration", "log_checkpoints", "log_connections", "log_disconnections", "log_duration",
        "log_lock_waits", "log_min_duration_statement", "log_min_error_statement", "log_min_messages", "log_statement", "log_temp_files",
        "log_timezone", "logical_decoding_work_mem", "maintenance_work_mem", "max_connections", "max_locks_per_transaction",
        "max_parallel_maintenance_workers", "max_parallel_workers", "max_parallel_workers_per_gather", "max_prepared_transactions",
        "max_wal_size", "max_worker_processes", "min_parallel_index_scan_size", "min_parallel_table_scan_size", "parallel_setup_cost",
        "parallel_tuple_cost", "plan_cache_mode", "random_page_cost", "search_path", "seq_page_cost", "shared_buffers",
        "standard_conforming_strings", "statement_timeout", "synchronous_commit", "temp_buffers", "temp_file_limit", "timezone",
        "track_activities", "track_activity_query_size", "track_counts", "track_functions", "track_io_timing", "vacuum_cost_delay",
        "vacuum_cost_limit", "wal_buffers", "work_mem",
    };

    /// <summary>The first entry that is not allowed, as a sentence; null when all are.</summary>
    public static string? Refuse(IReadOnlyDictionary<string, string> settings)
    {
        foreach (var (name, value) in settings)
        {
            if (!Allowed.Contains(name.ToLowerInvariant()))
                return $"the parameter {(Name().IsMatch(name) ? name : "with that name")} cannot be set for a clone";
            if (value.Length > LongestValue || value.Any(char.IsControl))
                return $"the value of {name} must have at most {LongestValue} characters and no control characters";
        }

        return null;
    }

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_.]{0,62}$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Name();
}
