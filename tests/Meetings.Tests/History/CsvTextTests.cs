using Roomcast.Meetings.History;

namespace Roomcast.Meetings.Tests.History;

public sealed class CsvTextTests
{
    [Theory]
    [InlineData('=')]
    [InlineData('+')]
    [InlineData('-')]
    [InlineData('@')]
    [InlineData('\t')]
    [InlineData('\r')]
    [InlineData('\n')]
    [InlineData('\uFF1D')]
    [InlineData('\uFF0B')]
    [InlineData('\uFF0D')]
    [InlineData('\uFF20')]
    public void A_cell_that_a_spreadsheet_would_calculate_is_text(char sign)
    {
        // Breaks of lines are quoted besides.
        var quote = sign is '\r' or '\n' ? "\"" : "";
        Assert.Equal($"{quote}'{sign}1+1{quote},1\r\n", CsvText.Line($"{sign}1+1", "1"));
    }

    [Fact]
    public void What_separates_cells_and_lines_is_quoted() =>
        Assert.Equal("plain,\"a,b\",\"say \"\"so\"\"\",\"two\nlines\",\r\n", CsvText.Line("plain", "a,b", "say \"so\"", "two\nlines", ""));
}
