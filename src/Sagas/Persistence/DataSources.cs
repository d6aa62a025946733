using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace Orchestrator.Sagas.Persistence;

/// <summary>Makes the one data source of a process.</summary>
public static class DataSources
{
    /// <exception cref="SettingException"><c>ConnectionStrings:Postgres</c> is missing or malformed.</exception>
    public static NpgsqlDataSource Create(IConfiguration configuration)
    {
        var source = new NpgsqlDataSourceBuilder(ConnectionString(configuration).ConnectionString);
        source.ConfigureTracing(tracing => tracing
            // Polling in the background has no parent, and makes no span.
            .ConfigureCommandFilter(_ => Activity.Current is not null)
            .ConfigureBatchFilter(_ => Activity.Current is not null)
            .ConfigureBatchEnrichmentCallback((span, _) => LinkAsParent(span)));
        return source.Build();
    }

    /// <summary>The connection string with our defaults where it says nothing.</summary>
    public static NpgsqlConnectionStringBuilder ConnectionString(IConfiguration configuration)
    {
        var text = configuration.GetConnectionString("Postgres");
        if (string.IsNullOrWhiteSpace(text))
            throw new SettingException("ConnectionStrings:Postgres is missing; it must be an Npgsql connection string.");
        try
        {
            var builder = new NpgsqlConnectionStringBuilder(text) { MaxAutoPrepare = 100, AutoPrepareMinUsages = 2, IncludeErrorDetail = false };
            // Seven statements each time a connection goes back to the pool. Whoever takes a lock of the session, or listens,
            // keeps its connection out of the pool instead; a transaction that was left is rolled back all the same.
            builder.NoResetOnClose = true;
            if (!text.Contains("Pool Size", StringComparison.OrdinalIgnoreCase))
                builder.MaxPoolSize = configuration.GetValue("Database:MaxPoolSize", 50);
            return builder;
        }
        catch (ArgumentException exception)
        {
            throw new SettingException($"ConnectionStrings:Postgres is malformed: {exception.Message}");
        }
    }

    // The statements of a batch serve all its messages: their spans link to them as the batch's own span does.
    private static void LinkAsParent(Activity span)
    {
        foreach (var link in span.Parent?.Links ?? [])
            span.AddLink(link);
    }
}
