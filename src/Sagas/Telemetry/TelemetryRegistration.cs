using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Orchestrator.Sagas.Telemetry;

/// <summary>Traces, metrics and logs of a host, exported by OTLP when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set.</summary>
public static class TelemetryRegistration
{
    private static readonly string[] Sources =
        [OrchestratorActivity.SourceName, "Microsoft.AspNetCore", "MassTransit", "Npgsql", "Quartz", "System.Net.Http"];

    private static readonly string[] Meters =
        [OrchestratorMetrics.MeterName, "MassTransit", "Npgsql", "Quartz", "Microsoft.AspNetCore.Hosting", "System.Runtime"];

    public static IHostApplicationBuilder AddOrchestratorTelemetry(this IHostApplicationBuilder builder, string serviceName)
    {
        builder.Services.AddSingleton<OrchestratorMetrics>();
        builder.Logging.Configure(logging => logging.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
        if (string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
            return builder;
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(
                serviceName, serviceVersion: typeof(TelemetryRegistration).Assembly.GetName().Version?.ToString(3)))
            .WithTracing(tracing => tracing
                .AddSource(Sources)
                .SetSampler(new ParentBasedSampler(new RootSampler()))
                .AddOtlpExporter())
            .WithMetrics(metrics => metrics.AddMeter(Meters).AddOtlpExporter())
            .WithLogging(logs => logs.AddOtlpExporter());
        return builder;
    }

    /// <summary>Takes every trace but those that a poll of the database or of Quartz would begin.</summary>
    private sealed class RootSampler : Sampler
    {
        public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
            new(samplingParameters.Kind is ActivityKind.Client or ActivityKind.Internal
                ? SamplingDecision.Drop
                : SamplingDecision.RecordAndSample);
    }
}
