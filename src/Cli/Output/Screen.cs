using System.CommandLine;
using System.Text.Json.Nodes;
using Roomcast.Cli.Connecting;

namespace Roomcast.Cli.Output;

/// <summary>Where a command writes: results to the standard output, everything else to the standard error.</summary>
/// <remarks>With <c>--json</c> each result is one object in one line, and nothing else is on the standard output. Thread-safe.</remarks>
internal sealed class Screen(TextWriter output, TextWriter errors, bool isJson, bool isTerminal)
{
    private readonly Lock _lock = new();

    /// <summary>Whether results are objects of JSON.</summary>
    public bool IsJson => isJson;

    /// <summary>Whether somebody looks at it, so that lines may be written over.</summary>
    public bool IsTerminal => isTerminal;

    /// <summary>The screen of a command line.</summary>
    public static Screen Of(ParseResult parsed)
    {
        var isJson = parsed.GetValue(ServerOptions.Json);
        return new Screen(Console.Out, Console.Error, isJson, !isJson && !Console.IsOutputRedirected);
    }

    /// <summary>Writes a result: the object, or what people read of it.</summary>
    public void Result(JsonObject value, string text)
    {
        lock (_lock)
        {
            output.WriteLine(isJson ? value.ToJsonString() : Text.Lines(text));
            output.Flush();
        }
    }

    /// <summary>Writes results as a table; nothing but its head when there are none.</summary>
    /// <param name="columns">What stands above.</param>
    /// <param name="rows">What people read, and the object of the same.</param>
    public void Table(IReadOnlyList<string> columns, IReadOnlyList<(IReadOnlyList<string> Cells, JsonObject Value)> rows)
    {
        lock (_lock)
        {
            if (isJson)
            {
                foreach (var (_, value) in rows)
                {
                    output.WriteLine(value.ToJsonString());
                }
            }
            else
            {
                foreach (var line in TableText.Lines(columns, rows.Select(row => (IReadOnlyList<string>)[.. row.Cells.Select(cell => Text.Plain(cell))]).ToList()))
                {
                    output.WriteLine(line);
                }
            }

            output.Flush();
        }
    }

    /// <summary>Writes over what <paramref name="lines"/> lines above hold; for tables that live.</summary>
    public void Redraw(int lines, IEnumerable<string> text)
    {
        lock (_lock)
        {
            if (lines > 0)
            {
                output.Write($"\u001b[{lines}A\u001b[J");
            }

            foreach (var line in text)
            {
                output.WriteLine(Text.Lines(line));
            }

            output.Flush();
        }
    }

    /// <summary>Tells how it goes.</summary>
    public void Note(string text)
    {
        lock (_lock)
        {
            errors.WriteLine(Text.Lines(text));
        }
    }

    /// <summary>Tells why it ends.</summary>
    public void Fail(ExitCode code, string message)
    {
        lock (_lock)
        {
            errors.WriteLine(isJson
                ? new JsonObject { ["error"] = code.ToString(), ["exit_code"] = (int)code, ["message"] = message }.ToJsonString()
                : $"roomcast: {Text.Lines(message)}");
        }
    }
}

/// <summary>Columns of text.</summary>
internal static class TableText
{
    private const int Gap = 2;

    /// <summary>The lines of a table, columns as wide as their widest cell.</summary>
    public static IEnumerable<string> Lines(IReadOnlyList<string> columns, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var widths = columns.Select((column, i) => rows.Select(row => row[i].Length).Append(column.Length).Max()).ToArray();
        string Line(IReadOnlyList<string> cells) => string.Concat(cells.Select((cell, i) => cell.PadRight(widths[i] + Gap))).TrimEnd();
        return rows.Select(Line).Prepend(Line(columns));
    }
}

/// <summary>A table that is written over while it changes; where nobody looks, the changes as lines of their own.</summary>
internal sealed class LiveTable(Screen screen, params string[] columns)
{
    private int _lines;

    /// <summary>Shows how it stands.</summary>
    /// <param name="rows">What people on a terminal see.</param>
    /// <param name="value">What scripts read.</param>
    /// <param name="line">What stands in a log.</param>
    public void Show(IReadOnlyList<IReadOnlyList<string>> rows, JsonObject value, string line)
    {
        if (!screen.IsTerminal)
        {
            screen.Result(value, line);
            return;
        }

        var text = TableText.Lines(columns, rows).ToList();
        screen.Redraw(_lines, text);
        _lines = text.Count;
    }
}
