using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Orchestrator.Sagas.Telemetry;

/// <summary>
/// The part of OpenTelemetry.Extensions.Hosting that is used here, with its face, so that the package can replace
/// this file: <c>AddOpenTelemetry().WithTracing(...)</c> registers the providers and ties them to the host's life.
/// </summary>
public static class OpenTelemetryHosting
{
    public static OpenTelemetryBuilder AddOpenTelemetry(this IServiceCollection services)
    {
        // First in, so that the providers start before all and stop after all other services.
        services.Insert(0, ServiceDescriptor.Singleton<IHostedService, TelemetryService>());
        return new OpenTelemetryBuilder(services);
    }

    private sealed class TelemetryService(IServiceProvider provider) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            _ = provider.GetService<MeterProvider>();
            _ = provider.GetService<TracerProvider>();
            _ = provider.GetService<LoggerProvider>();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            provider.GetService<TracerProvider>()?.ForceFlush(3000);
            provider.GetService<MeterProvider>()?.ForceFlush(3000);
            provider.GetService<LoggerProvider>()?.ForceFlush(3000);
            return Task.CompletedTask;
        }
    }
}

/// <inheritdoc cref="OpenTelemetryHosting"/>
public sealed class OpenTelemetryBuilder(IServiceCollection services) : IOpenTelemetryBuilder
{
    public IServiceCollection Services => services;

    public OpenTelemetryBuilder ConfigureResource(Action<ResourceBuilder> configure)
    {
        services.ConfigureOpenTelemetryTracerProvider(tracing => tracing.ConfigureResource(configure));
        services.ConfigureOpenTelemetryMeterProvider(metrics => metrics.ConfigureResource(configure));
        services.ConfigureOpenTelemetryLoggerProvider(logging => logging.ConfigureResource(configure));
        return this;
    }

    public OpenTelemetryBuilder WithTracing(Action<TracerProviderBuilder> configure)
    {
        OpenTelemetryBuilderSdkExtensions.WithTracing(this, configure);
        return this;
    }

    public OpenTelemetryBuilder WithMetrics(Action<MeterProviderBuilder> configure)
    {
        OpenTelemetryBuilderSdkExtensions.WithMetrics(this, configure);
        return this;
    }

    public OpenTelemetryBuilder WithLogging(Action<LoggerProviderBuilder> configure)
    {
        OpenTelemetryBuilderSdkExtensions.WithLogging(this, configure);
        return this;
    }
}
