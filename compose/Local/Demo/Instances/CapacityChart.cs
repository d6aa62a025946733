using System.Globalization;
using System.Text;
using Orchestrator.Local.Run;
using Spectre.Console;

namespace Orchestrator.Local.Demo.Instances;

/// <summary>How things stand at one moment.</summary>
internal sealed record CapacitySample(int Pressure, int Starting, int Idle, int Busy, int Waiting, int Completed)
{
    public int Instances => Starting + Idle + Busy;
}

/// <summary>Shows samples as they come: a small chart in a terminal, a line every two seconds elsewhere.</summary>
internal sealed class CapacityChart(int jobs, int maximum)
{
    private const int Columns = 64;
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(2);

    private readonly List<CapacitySample> _samples = [];
    private long _lastLine;

    public int Peak => _samples.Count == 0 ? 0 : _samples.Max(sample => sample.Instances);

    /// <summary>Runs <paramref name="watch"/>, which gets the function to show a sample with.</summary>
    public async Task ShowAsync(RunConsole console, Func<Action<CapacitySample>, Task> watch)
    {
        if (!console.IsTerminal)
        {
            await watch(sample => Line(console.Console, sample));
            return;
        }

        await console.Console.Live(new Text("")).AutoClear(false).StartAsync(live => watch(sample =>
        {
            _samples.Add(sample);
            live.UpdateTarget(new Markup(Chart()));
            live.Refresh();
        }));
    }

    private void Line(IAnsiConsole console, CapacitySample sample)
    {
        _samples.Add(sample);
        if (_lastLine != 0 && TimeProvider.System.GetElapsedTime(_lastLine) < LineInterval && sample.Completed < jobs)
            return;
        _lastLine = TimeProvider.System.GetTimestamp();
        console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  pressure {sample.Pressure,3}   instances {sample.Instances,3} (starting {sample.Starting,2}, idle {sample.Idle,2}, busy {sample.Busy,2})   jobs waiting {sample.Waiting,3}, completed {sample.Completed,3} of {jobs}"));
    }

    private string Chart()
    {
        var last = _samples[^1];
        var text = new StringBuilder();
        Row(text, "jobs waiting", "grey", sample => sample.Waiting, jobs, last.Waiting);
        Row(text, "pressure", "yellow", sample => sample.Pressure, maximum, last.Pressure);
        Row(text, "instances", "blue", sample => sample.Instances, maximum, last.Instances);
        Row(text, "busy", "green", sample => sample.Busy, maximum, last.Busy);
        text.Append(CultureInfo.InvariantCulture, $"  [grey]{"completed",-13}[/] {last.Completed} of {jobs}");
        return text.ToString();
    }

    private void Row(StringBuilder text, string name, string colour, Func<CapacitySample, int> value, int scale, int now)
    {
        const string bars = " ▁▂▃▄▅▆▇█";
        // The whole run in the width that there is.
        var step = Math.Max(1, (int)Math.Ceiling(_samples.Count / (double)Columns));
        var columns = _samples.Chunk(step).Select(chunk => chunk.Max(value)).Select(n => bars[Math.Clamp((int)Math.Ceiling(n * 8.0 / Math.Max(scale, 1)), 0, 8)]);
        text.AppendLine(CultureInfo.InvariantCulture, $"  [grey]{name,-13}[/] [{colour}]{string.Concat(columns),-Columns}[/] {now,3}");
    }
}
