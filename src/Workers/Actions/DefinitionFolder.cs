using Microsoft.Extensions.Options;
using Orchestrator.Sagas.Actions;
using Orchestrator.Sagas.Actions.Authoring;
using Orchestrator.Sagas.Actions.Declarative;
using Orchestrator.Sagas.Messaging;
using Orchestrator.Sagas.Persistence;

namespace Orchestrator.Workers.Actions;

/// <summary>
/// Registers what lies in <c>Actions:Folder</c>, at the start and whenever a file changes. A broken file is told in the log
/// and changes nothing; a file that goes away deletes no action, since folders go away for many a reason.
/// </summary>
public sealed class DefinitionFolder(
    DefinitionReader reader, DeclaredActionStore store, ActionRegistry registry, DurableTransactions transactions, IOptions<ActionsOptions> options,
    ILogger<DefinitionFolder> logger) : BackgroundService
{
    private const string Actor = "folder";

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, (string Text, ActionKey? Key)> _handled = new(StringComparer.Ordinal);
    private bool _isMissing;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.Folder is not { Length: > 0 } folder)
            return;
        using var timer = new PeriodicTimer(Interval);
        do
        {
            try
            {
                await LookAsync(folder, stoppingToken);
            }
            catch (Exception exception) when (Transient.Is(exception) && !stoppingToken.IsCancellationRequested)
            {
                logger.LogWarning("Definitions in {Folder} are registered later: {Reason}", folder, exception.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task LookAsync(string folder, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder))
        {
            if (!_isMissing)
                logger.LogWarning("There is no folder {Folder}, which Actions:Folder names", folder);
            _isMissing = true;
            return;
        }

        _isMissing = false;
        var owners = new Dictionary<ActionKey, string>();
        foreach (var file in Directory.EnumerateFiles(folder).Where(IsDefinition).Order(StringComparer.Ordinal))
            await RegisterAsync(file, owners, cancellationToken);
    }

    private async Task RegisterAsync(string file, Dictionary<ActionKey, string> owners, CancellationToken cancellationToken)
    {
        var text = await File.ReadAllTextAsync(file, cancellationToken);
        if (_handled.TryGetValue(file, out var handled) && string.Equals(handled.Text, text, StringComparison.Ordinal))
        {
            if (handled.Key is { } key)
                owners.TryAdd(key, file);
            return;
        }

        _handled[file] = (text, await RegisterAsync(file, text, owners, cancellationToken));
    }

    /// <summary>What the file has registered; null when it was refused.</summary>
    private async Task<ActionKey?> RegisterAsync(string file, string text, Dictionary<ActionKey, string> owners, CancellationToken cancellationToken)
    {
        try
        {
            var format = file.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? DefinitionFormat.Json : DefinitionFormat.Yaml;
            var key = reader.Read(text, format).Key;
            if (owners.TryGetValue(key, out var other) || registry.Actions.Any(action => action.Key == key && action.Source is ActionDefinition.CodeSource))
            {
                logger.LogError("{File} is refused: action {Action} comes from {Other} already", file, key.Name, other ?? "the code");
                return null;
            }

            owners.Add(key, file);
            await using var transaction = await transactions.BeginAsync(cancellationToken);
            var registration = await store.RegisterAsync(transaction, text, format, Actor, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            if (registration.IsNew)
                logger.LogInformation("{File} is version {Version} of action {Action}", file, registration.Version.Version, key.Name);
            return key;
        }
        catch (InvalidDefinitionException exception)
        {
            logger.LogError("{File} is refused: {Errors}", file, exception.Message);
            return null;
        }
    }

    private static bool IsDefinition(string file) =>
        Path.GetExtension(file).ToLowerInvariant() is ".yaml" or ".yml" or ".json" && !Path.GetFileName(file).StartsWith('.');
}
