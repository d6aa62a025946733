namespace Orchestrator.Bench.Intake;

/// <summary>One of the ways from a message to a row.</summary>
/// <param name="Name">As the table calls it.</param>
/// <param name="Publisher">A connection to its virtual host.</param>
/// <param name="Exchange">Where its commands are published.</param>
/// <param name="ConsumerPid">The process that takes them.</param>
public sealed record IntakePath(string Name, ConfirmedPublisher Publisher, string Exchange, int ConsumerPid)
{
    public List<IntakeRound> Rounds { get; } = [];

    public double Median(Func<IntakeRound, double> figure) => Reports.Statistics.Median(Rounds.Select(figure));
}
