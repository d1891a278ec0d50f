using System.Buffers;
using System.Text;

namespace Roomcast.Meetings.History;

/// <summary>Lines of comma-separated values (RFC 4180).</summary>
public static class CsvText
{
    // What a spreadsheet takes for the beginning of a formula; also in full width, which some make the plain sign of.
    private static readonly SearchValues<char> FormulaStarts = SearchValues.Create("=+-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20");
    private static readonly SearchValues<char> Quoted = SearchValues.Create(",\"\r\n");

    /// <summary>One line with its end. A cell that a spreadsheet would take for a formula gets an apostrophe before it.</summary>
    public static string Line(params IReadOnlyList<string> cells)
    {
        ArgumentNullException.ThrowIfNull(cells);
        var line = new StringBuilder();
        for (var i = 0; i < cells.Count; i++)
        {
            if (i > 0)
            {
                line.Append(',');
            }

            var cell = cells[i].Length > 0 && FormulaStarts.Contains(cells[i][0]) ? "'" + cells[i] : cells[i];
            if (cell.AsSpan().ContainsAny(Quoted))
            {
                line.Append('"').Append(cell.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
            }
            else
            {
                line.Append(cell);
            }
        }

        return line.Append("\r\n").ToString();
    }
}
