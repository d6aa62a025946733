using FluentValidation;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Calls;
using Orchestrator.Sagas.Clones;
using Orchestrator.Sagas.Duties;
using Orchestrator.Sagas.Instances;
using Orchestrator.Sagas.Jobs;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Outbound;
using Orchestrator.Sagas.Persistence;
using Orchestrator.Sagas.Persistence.DeadLetters;
using Orchestrator.Sagas.Persistence.Outbox;
using Orchestrator.Sagas.Persistence.Timers;
using Orchestrator.Sagas.Telemetry;

namespace Orchestrator.Sagas.Hosting;

/// <summary>What every host has: database, outbox, telemetry, and the services of the parts.</summary>
public static class CoreRegistration
{
    /// <exception cref="SettingException">A setting is missing or wrong.</exception>
    public static IHostApplicationBuilder AddOrchestratorCore(this IHostApplicationBuilder builder, string serviceName)
    {
        var services = builder.Services;
        LogDefaults.AddTo(builder.Configuration);
        services.TryAddSingleton(TimeProvider.System);
        services.AddValidatedOptions<DatabaseOptions>("Database");
        services.AddValidatedOptions<OutboxOptions>("Outbox");
        services.AddValidatedOptions<JobsOptions>("Jobs");
        services.AddValidatedOptions<RetentionOptions>("Retention");
        builder.AddOrchestratorTelemetry(serviceName);
        builder.AddDatabase();
        services.AddOutbox();
        services.AddTimers();
        services.AddDutyScheduler();
        services.AddJobs();
        services.AddActions();
        services.AddOutbound();
        services.AddCalls();
        services.AddInstances();
        services.AddClones();
        return builder;
    }

    /// <summary>Binds, and validates at start, one section.</summary>
    public static IServiceCollection AddValidatedOptions<TOptions>(this IServiceCollection services, string section)
        where TOptions : class
    {
        services.AddSingleton<IValidateOptions<TOptions>>(new SectionValidation<TOptions>(section));
        services.AddOptions<TOptions>().BindConfiguration(section).ValidateOnStart();
        return services;
    }

    private static void AddDatabase(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<NpgsqlDataSource>(_ => DataSources.Create(builder.Configuration));
        services.AddPooledDbContextFactory<OrchestratorDbContext>((provider, options) => options
            .UseNpgsql(provider.GetRequiredService<NpgsqlDataSource>())
            .ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning)));
        services.AddScoped(provider => provider.GetRequiredService<IDbContextFactory<OrchestratorDbContext>>().CreateDbContext());
        services.AddSingleton<DatabaseDuties>();
        services.AddSingleton<Timelines>();
    }

    private static void AddOutbox(this IServiceCollection services)
    {
        services.TryAddSingleton<RabbitMqConnection>();
        services.AddSingleton<BrokerPublisher>();
        services.AddSingleton<OutboxOwner>();
        services.AddSingleton<OutboxRelay>();
        services.AddSingleton<DurableTransactions>();
        services.AddSingleton<DeadLetterStore>();
        services.AddHostedService(provider => provider.GetRequiredService<OutboxOwner>());
        services.AddHostedService(provider => provider.GetRequiredService<OutboxRelay>());
    }

    private static void AddJobs(this IServiceCollection services)
    {
        services.AddSingleton<Labels>();
        services.AddSingleton<GithubDelivery>();
        services.AddSingleton<CommandValidation>();
        services.AddSingleton<JobChanges>();
        services.AddSingleton<IValidator<EnqueueJob>, EnqueueJobValidator>();
        services.AddSingleton<IValidator<StartJob>, StartJobValidator>();
        services.AddSingleton<IValidator<CompleteJob>, CompleteJobValidator>();
        services.AddSingleton<IValidator<DeleteJob>, DeleteJobValidator>();
        services.AddSingleton<IValidator<AddFlavor>, AddFlavorValidator>();
        services.AddSingleton<IValidator<UpdateFlavor>, UpdateFlavorValidator>();
        services.AddSingleton<IValidator<EnableFlavor>, EnableFlavorValidator>();
        services.AddSingleton<IValidator<DisableFlavor>, DisableFlavorValidator>();
        services.AddSingleton<IValidator<DeleteFlavor>, DeleteFlavorValidator>();
        services.AddSingleton<JobWriter>();
        services.AddSingleton<JobRemover>();
        services.AddSingleton<JobEditor>();
        services.AddSingleton<JobReader>();
        services.AddSingleton<FlavorWriter>();
        services.AddSingleton<FlavorReader>();
        services.AddSingleton<AuthTokens>();
        services.AddSingleton<PressureReader>();
        services.AddSingleton<PressureUpkeep>();
        services.AddSingleton<AssignmentReconciler>();
    }
}
