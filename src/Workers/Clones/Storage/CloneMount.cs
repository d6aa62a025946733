namespace Orchestrator.Workers.Clones.Storage;

/// <summary>An overlay: <see cref="Lower"/> is read, all that is written goes to <see cref="Upper"/>, both are seen at <see cref="Target"/>.</summary>
/// <param name="Lower">The golden directory.</param>
/// <param name="Upper">The clone's own files.</param>
/// <param name="Work">Scratch space of the kernel on the same file system as <paramref name="Upper"/>.</param>
/// <param name="Target">An empty directory.</param>
public sealed record CloneMount(string Lower, string Upper, string Work, string Target);
