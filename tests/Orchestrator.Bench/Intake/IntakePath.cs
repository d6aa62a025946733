namespace Orchestrator.Bench.Intake;

/// <summary>One of the two ways from a message to a row.</summary>
/// <param name="Name">As the table calls it.</param>
/// <param name="Exchange">Where its commands are published.</param>
/// <param name="ConsumerPid">The process that takes them.</param>
/// <param name="HasInbox">Whether it keeps an inbox.</param>
public sealed record IntakePath(string Name, string Exchange, int ConsumerPid, bool HasInbox);
