using Microsoft.Extensions.Logging;
using Npgsql;

namespace Orchestrator.Sagas.Duties;

/// <summary>Removes what is kept no longer, in bites, so that no lock is held for long.</summary>
public static class OldRows
{
    /// <summary>Repeats a statement until it finds less than a bite.</summary>
    /// <param name="source">The database.</param>
    /// <param name="logger">Is told how many there were, if any.</param>
    /// <param name="what">They are, for the log.</param>
    /// <param name="sql">Removes at most <c>$2</c> rows that are older than the interval <c>$1</c>.</param>
    /// <param name="age">What is younger stays.</param>
    /// <param name="bite">Rows of one transaction.</param>
    /// <param name="cancellationToken">Ends it between bites.</param>
    public static async Task RemoveAsync(
        NpgsqlDataSource source, ILogger logger, string what, string sql, TimeSpan age, int bite, CancellationToken cancellationToken)
    {
        var removed = 0;
        int last;
        do
        {
            await using var command = source.CreateCommand(sql);
            command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = age });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = bite });
            last = await command.ExecuteNonQueryAsync(cancellationToken);
            removed += last;
        }
        while (last == bite);
        Report(logger, removed, what);
    }

    internal static void Report(ILogger logger, int removed, string what)
    {
        if (removed > 0)
            logger.LogInformation("Removed {Count} old {What}", removed, what);
    }
}
