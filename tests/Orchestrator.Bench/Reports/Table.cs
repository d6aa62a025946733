using System.Text;

namespace Orchestrator.Bench.Reports;

/// <summary>Text in columns: the first to the left, the others to the right.</summary>
public sealed class Table(string title, params string[] columns)
{
    private readonly List<string[]> _rows = [[title, .. columns]];

    public void Add(params string[] cells) => _rows.Add(cells[..Math.Min(cells.Length, columns.Length + 1)]);

    public override string ToString()
    {
        var widths = Enumerable.Range(0, columns.Length + 1).Select(i => _rows.Max(row => row.Length > i ? row[i].Length : 0)).ToArray();
        var text = new StringBuilder();
        foreach (var row in _rows)
        {
            for (var i = 0; i < row.Length; i++)
                text.Append(i == 0 ? row[i].PadRight(widths[i]) : "  " + row[i].PadLeft(widths[i]));
            text.AppendLine();
            if (row == _rows[0])
                text.Append('-', widths.Sum() + (2 * columns.Length)).AppendLine();
        }

        return text.ToString().TrimEnd();
    }
}
