using Microsoft.Extensions.Options;

namespace Orchestrator.Workers.Clones.Control;

/// <summary>Makes a worker that has a storage directory a host of clones.</summary>
internal sealed class CloneHosting(IOptions<CloneHostOptions> options, IServiceProvider services) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => options.Value.Directory.Length == 0
        ? Task.CompletedTask
        : services.GetRequiredService<CloneAgent>().RunAsync(stoppingToken);
}
