using System.Reflection;
using System.Text.RegularExpressions;
using Roomcast.Client.Codecs;
using Roomcast.TestKit;

namespace Roomcast.Client.Tests.Documents;

/// <summary>The package's surface is the one that was reviewed, and has a counterpart for all that the official objects offer.</summary>
public partial class PublicSurfaceTests
{
    private static readonly Assembly Client = typeof(RealtimeKitClient).Assembly;
    private static readonly string Table = File.ReadAllText(RepositoryFiles.PathOf("docs", "client.md"));

    /// <summary>The members that the documents of the official objects name, one in a line.</summary>
    private static readonly string[] Official = File.ReadAllLines(RepositoryFiles.PathOf("tests", "Client.Tests", "Documents", "official-members.txt"));

    [Theory]
    [InlineData("Client", typeof(RealtimeKitClient))]
    [InlineData("Client.Codecs", typeof(DecodingSink))]
    public void The_surface_is_the_one_that_was_reviewed(string project, Type one)
    {
        ArgumentNullException.ThrowIfNull(one);
        var path = RepositoryFiles.PathOf("src", project, "PublicApi.txt");
        var now = PublicApiText.Write(one.Assembly);
        if (Environment.GetEnvironmentVariable("ROOMCAST_UPDATE_DOCS") == "1")
        {
            File.WriteAllText(path, now);
        }

        Assert.True(
            File.Exists(path) && File.ReadAllText(path).ReplaceLineEndings("\n") == now,
            $"The public surface of Roomcast.{project} has changed. Look it over, and write it anew with ROOMCAST_UPDATE_DOCS=1.");
    }

    [Fact]
    public void Every_counterpart_in_the_table_is_a_public_member()
    {
        var types = Client.GetExportedTypes().ToLookup(type => type.Name);
        foreach (var (official, counterpart) in Rows())
        {
            var (type, member) = (counterpart.Split('.')[0], counterpart.Split('.')[1]);
            Assert.True(types[type].Any(each => each.GetMember(member).Length > 0), $"{official} has the counterpart {counterpart}, which there is not.");
        }
    }

    [Fact]
    public void Every_member_of_the_official_objects_stands_in_the_table_and_nothing_else() =>
        Assert.Equal(Official.Order(StringComparer.Ordinal), Rows().Select(row => row.Official).Order(StringComparer.Ordinal));

    private static IEnumerable<(string Official, string Counterpart)> Rows() =>
        Row().Matches(Table).Select(row => (row.Groups["official"].Value, row.Groups["ours"].Value));

    [GeneratedRegex("^\\| `(?<official>[^`]+)` \\| `(?<ours>[A-Za-z]+\\.[A-Za-z]+)` \\|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
