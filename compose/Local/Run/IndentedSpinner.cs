using Spectre.Console;

namespace Orchestrator.Local.Run;

/// <summary>The usual dots, in the column of the ticks that replace them.</summary>
internal sealed class IndentedSpinner : Spinner
{
    public override TimeSpan Interval => Known.Dots.Interval;

    public override bool IsUnicode => Known.Dots.IsUnicode;

    public override IReadOnlyList<string> Frames { get; } = [.. Known.Dots.Frames.Select(frame => "  " + frame)];
}
