using System.Diagnostics;
using Spectre.Console;

namespace Orchestrator.Local.Run;

/// <summary>What <c>./run</c> says: a line per thing done, with its time; in colour where that is understood.</summary>
internal sealed class RunConsole(IAnsiConsole console)
{
    private const int PlainWidth = 120;

    public IAnsiConsole Console => console;

    public bool IsTerminal { get; } = !System.Console.IsOutputRedirected;

    public static RunConsole Create()
    {
        // Spectre goes by TERM alone, which says nothing about a pipe or a file.
        if (System.Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = PlainWidth;
            AnsiConsole.Profile.Capabilities.Ansi = false;
            AnsiConsole.Profile.Capabilities.ColorSystem = ColorSystem.NoColors;
        }

        return new RunConsole(AnsiConsole.Console);
    }

    public void Title(string text)
    {
        console.WriteLine();
        console.MarkupLineInterpolated($"  [bold]{text}[/]");
        console.WriteLine();
    }

    /// <summary>Something that happened while up.</summary>
    public void Note(string text) => console.MarkupLineInterpolated($"  [yellow]![/] {text}");

    public void Failure(string text) => console.MarkupLineInterpolated($"  [red]✗[/] {text}");

    public void Success(string text) => console.MarkupLineInterpolated($"  [green]✓[/] {text}");

    /// <summary>Does something, and says that it is done and how long it took.</summary>
    public async Task StepAsync(string doing, string done, Func<Task> action)
    {
        var since = Stopwatch.GetTimestamp();
        if (IsTerminal)
            await console.Status().Spinner(new IndentedSpinner()).StartAsync(Markup.Escape(doing), _ => action());
        else
            await action();
        console.MarkupLineInterpolated($"  [green]✓[/] {done,-52} [grey]{Stopwatch.GetElapsedTime(since).TotalSeconds,6:0.0} s[/]");
    }

    /// <summary>A name and what is to be found there.</summary>
    public void Pair(string name, string value) => console.MarkupLineInterpolated($"  [grey]{name,-13}[/] {value}");

    public void Blank() => console.WriteLine();
}
