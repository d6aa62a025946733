using System.Text.Json;

namespace Orchestrator.Workers.Runtimes.Processes;

/// <summary>
/// What is known about a container of the process runtime by whoever comes after the worker that started it. It is written before
/// the process exists, and once more with its handle.
/// </summary>
internal sealed record ContainerRecord
{
    private const string FileName = "record.json";

    public required string Id { get; init; }

    public required string Purpose { get; init; }

    public required string Owner { get; init; }

    public string? Handle { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public void Write(string directory)
    {
        var path = $"{directory}/{FileName}";
        File.WriteAllBytes($"{path}.new", JsonSerializer.SerializeToUtf8Bytes(this));
        File.Move($"{path}.new", path, overwrite: true);
    }

    /// <summary>Null when there is none, or none that can be read: its owner died while it made it.</summary>
    public static ContainerRecord? Read(string directory)
    {
        try
        {
            return JsonSerializer.Deserialize<ContainerRecord>(File.ReadAllBytes($"{directory}/{FileName}"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }
}
