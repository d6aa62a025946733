using Orchestrator.Local.Run;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Orchestrator.Local.Demo;

/// <summary>One thing that the demo does many times over; the work gets the function to call with the number done so far.</summary>
internal sealed record Stage(string Name, int Total, Func<Action<int>, Task> Work);

/// <summary>Runs stages one after the other and shows how far they are: bars in a terminal, a line per quarter elsewhere.</summary>
internal static class DemoProgress
{
    private const int NameWidth = 18;

    public static Task ShowAsync(RunConsole console, params IReadOnlyList<Stage> stages) =>
        console.IsTerminal ? BarsAsync(console.Console, stages) : LinesAsync(console.Console, stages);

    private static Task BarsAsync(IAnsiConsole console, IReadOnlyList<Stage> stages) =>
        console.Progress()
            .Columns(new NameColumn(), new ProgressBarColumn { Width = 40 }, new CountColumn())
            .StartAsync(async context =>
            {
                var tasks = stages.Select(stage => context.AddTask(stage.Name, autoStart: false, maxValue: stage.Total)).ToList();
                foreach (var (stage, task) in stages.Zip(tasks))
                {
                    task.StartTask();
                    await stage.Work(done => task.Value = done);
                    task.StopTask();
                }
            });

    private static async Task LinesAsync(IAnsiConsole console, IReadOnlyList<Stage> stages)
    {
        foreach (var stage in stages)
        {
            var quarter = 0;
            await stage.Work(done =>
            {
                var reached = done * 4 / stage.Total;
                if (reached > quarter)
                    console.WriteLine(FormattableString.Invariant($"  {stage.Name.PadRight(NameWidth)} {done,4} of {stage.Total}"));
                quarter = Math.Max(quarter, reached);
            });
        }
    }

    private sealed class NameColumn : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text("  " + task.Description.PadRight(NameWidth));
    }

    private sealed class CountColumn : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(FormattableString.Invariant($"{task.Value,4:0} of {task.MaxValue:0}"));
    }
}
