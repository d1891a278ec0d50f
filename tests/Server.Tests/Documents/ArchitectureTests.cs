using System.Text.RegularExpressions;
using System.Xml.Linq;
using Roomcast.TestKit;

namespace Roomcast.Server.Tests.Documents;

/// <summary>docs/architecture.md shows the house as it is.</summary>
public partial class ArchitectureTests
{
    private static readonly string Text = File.ReadAllText(RepositoryFiles.PathOf("docs", "architecture.md"));

    [Fact]
    public void The_tables_list_exactly_the_projects_of_the_solution()
    {
        var inSolution = XDocument.Load(RepositoryFiles.PathOf("Roomcast.slnx")).Descendants("Project").Select(project => project.Attribute("Path")!.Value).ToList();
        string[] Under(string folder) =>
            [.. inSolution.Where(path => path.StartsWith(folder, StringComparison.Ordinal)).Select(path => Path.GetFileNameWithoutExtension(path)!).Order(StringComparer.Ordinal)];

        Assert.Equal(Under("src/"), SourceRows().Select(row => row.Name).Order(StringComparer.Ordinal));
        Assert.Equal(Under("tests/"), TestProjects().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_project_file_is_in_the_solution()
    {
        var inSolution = XDocument.Load(RepositoryFiles.PathOf("Roomcast.slnx")).Descendants("Project").Select(project => project.Attribute("Path")!.Value).Order(StringComparer.Ordinal);
        var onDisk = new[] { "bench", "samples", "src", "tests" }
            .SelectMany(folder => Directory.EnumerateDirectories(RepositoryFiles.PathOf(folder)))
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.csproj"))
            .Select(path => Path.GetRelativePath(RepositoryFiles.Root, path).Replace('\\', '/'))
            .Order(StringComparer.Ordinal);

        Assert.Equal(onDisk, inSolution);
    }

    [Fact]
    public void The_references_of_each_project_are_those_in_the_table()
    {
        foreach (var row in SourceRows())
        {
            var references = XDocument.Load(RepositoryFiles.PathOf("src", row.Name, row.Name + ".csproj")).Descendants("ProjectReference")
                .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value))
                .Order(StringComparer.Ordinal);

            Assert.Equal((row.Name, string.Join(", ", references)), (row.Name, string.Join(", ", row.References.Order(StringComparer.Ordinal))));
        }
    }

    [Fact]
    public void The_ground_floor_is_the_one_that_the_build_keeps_pure_and_no_floor_looks_up()
    {
        string[] floors = ["ground", "product", "dialect", "roof"];
        var floorOf = SourceRows().ToDictionary(row => row.Name, row => Array.IndexOf(floors, row.Floor));
        foreach (var row in SourceRows())
        {
            var project = XDocument.Load(RepositoryFiles.PathOf("src", row.Name, row.Name + ".csproj"));
            Assert.Equal(row.Floor == "ground", project.Descendants("GroundFloor").Any(element => element.Value == "true"));
            Assert.All(row.References, reference => Assert.True(floorOf[reference] <= floorOf[row.Name], $"{row.Name} looks up to {reference}."));
        }
    }

    private static List<(string Name, string Floor, string[] References)> SourceRows() =>
        [.. SourceRow().Matches(Text).Select(row => (row.Groups["name"].Value, row.Groups["floor"].Value, Names(row.Groups["references"].Value)))];

    private static string[] TestProjects() =>
        [.. Text[Text.IndexOf("| Test project |", StringComparison.Ordinal)..].Split('\n').Skip(2).TakeWhile(line => line.StartsWith('|')).SelectMany(line => Names(line.Split('|')[1]))];

    private static string[] Names(string cell) => [.. Quoted().Matches(cell).Select(match => match.Groups[1].Value)];

    [GeneratedRegex("^\\| `(?<name>[A-Za-z.]+)` \\| (?<floor>ground|product|dialect|roof) \\| [^|]* \\| (?<references>[^|]*) \\|$", RegexOptions.Multiline)]
    private static partial Regex SourceRow();

    [GeneratedRegex("`([A-Za-z.]+)`")]
    private static partial Regex Quoted();
}
