using System.Globalization;
using Orchestrator.Local.Run;
using Spectre.Console;

namespace Orchestrator.Local.Demo;

/// <summary>Shows how far a stage is: a bar in a terminal, a line per quarter elsewhere.</summary>
internal static class DemoProgress
{
    private const int LabelWidth = 22;

    /// <summary>Does the work, which gets the function to call with the number done so far.</summary>
    public static Task ShowAsync(RunConsole console, string stage, int total, Func<Action<int>, Task> work) =>
        console.IsTerminal ? BarAsync(console.Console, stage, total, work) : LinesAsync(console.Console, stage, total, work);

    private static Task BarAsync(IAnsiConsole console, string stage, int total, Func<Action<int>, Task> work) =>
        console.Progress()
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn { Width = 40 },
                new CountColumn(),
                new ElapsedTimeColumn())
            .StartAsync(async context =>
            {
                var task = context.AddTask("  " + stage.PadRight(LabelWidth), maxValue: total);
                await work(done => task.Value = done);
            });

    private static async Task LinesAsync(IAnsiConsole console, string stage, int total, Func<Action<int>, Task> work)
    {
        var quarter = 0;
        await work(done =>
        {
            var reached = total == 0 ? 4 : done * 4 / total;
            if (reached <= Volatile.Read(ref quarter))
                return;
            Volatile.Write(ref quarter, reached);
            console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {stage.PadRight(LabelWidth)} {done,4} of {total}"));
        });
    }

    private sealed class CountColumn : ProgressColumn
    {
        public override Spectre.Console.Rendering.IRenderable Render(Spectre.Console.Rendering.RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text($"{task.Value,4:0} of {task.MaxValue:0}");
    }
}
