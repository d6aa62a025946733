using Microsoft.EntityFrameworkCore;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Sagas.Jobs;

/// <summary>Reads flavors (seed: <c>ListFlavors</c>).</summary>
public sealed class FlavorReader(IDbContextFactory<OrchestratorDbContext> contexts)
{
    /// <summary>One flavor, or null.</summary>
    public async Task<Flavor?> ReadAsync(string platform, string name, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Flavors.AsNoTracking()
            .FirstOrDefaultAsync(flavor => flavor.Platform == platform && flavor.Name == name, cancellationToken);
    }

    /// <summary>The flavors of a platform, by name.</summary>
    public async Task<IReadOnlyList<Flavor>> ListAsync(string platform, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Flavors.AsNoTracking()
            .Where(flavor => flavor.Platform == platform).OrderBy(flavor => flavor.Name).ToListAsync(cancellationToken);
    }
}
