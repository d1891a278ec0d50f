using System.Text.RegularExpressions;
using Roomcast.TestKit;

namespace Roomcast.Server.Tests.Documents;

/// <summary>Documents point at what is there.</summary>
public partial class LinkTests
{
    private static IEnumerable<string> Documents =>
        Directory.EnumerateFiles(RepositoryFiles.Root, "*.md").Concat(Directory.EnumerateFiles(RepositoryFiles.PathOf("docs"), "*.md", SearchOption.AllDirectories));

    [Fact]
    public void Every_link_between_documents_leads_somewhere()
    {
        foreach (var document in Documents)
        {
            foreach (Match link in Link().Matches(File.ReadAllText(document)))
            {
                var target = link.Groups[1].Value.Split('#')[0];
                if (target.Length > 0 && !target.Contains("://", StringComparison.Ordinal))
                {
                    var path = Path.GetFullPath(target, Path.GetDirectoryName(document)!);
                    Assert.True(File.Exists(path) || Directory.Exists(path), $"{Path.GetFileName(document)} points at {target}, which is not there.");
                }
            }
        }
    }

    [Theory]
    [InlineData("protocols")]
    [InlineData("decisions")]
    public void Every_page_of_an_indexed_folder_is_in_its_index(string folder)
    {
        var index = File.ReadAllText(RepositoryFiles.PathOf("docs", folder, "README.md"));
        foreach (var page in Directory.EnumerateFiles(RepositoryFiles.PathOf("docs", folder), "*.md").Select(Path.GetFileName).Where(name => name != "README.md"))
        {
            Assert.Contains($"({page})", index, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Documents_that_the_sources_speak_of_are_there()
    {
        var sources = new[] { "src", "tests", "web/src" }
            .Select(folder => RepositoryFiles.PathOf(folder))
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            .Where(path => path.EndsWith(".cs", StringComparison.Ordinal) || path.EndsWith(".ts", StringComparison.Ordinal))
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal)
                && !path.Contains("/node_modules/", StringComparison.Ordinal));
        foreach (var source in sources)
        {
            foreach (Match named in NamedDocument().Matches(File.ReadAllText(source)))
            {
                Assert.True(File.Exists(RepositoryFiles.PathOf(named.Value)), $"{Path.GetFileName(source)} speaks of {named.Value}, which is not there.");
            }
        }
    }

    [Fact]
    public void Tests_that_documents_name_are_there()
    {
        var tests = Directory.EnumerateFiles(RepositoryFiles.PathOf("tests"), "*Tests.cs", SearchOption.AllDirectories).ToLookup(Path.GetFileNameWithoutExtension);
        var named = Documents.SelectMany(document => NamedTest().Matches(File.ReadAllText(document))).ToList();
        Assert.NotEmpty(named);
        foreach (var test in named)
        {
            var (file, name) = (test.Groups[1].Value, test.Groups[2].Value);
            Assert.True(
                tests[file].Any(path => File.ReadAllText(path).Contains($" {name}(", StringComparison.Ordinal)), $"There is no test {test.Value}.");
        }
    }

    [GeneratedRegex("`([A-Z][A-Za-z]+Tests)\\.([A-Z]\\w+)`")]
    private static partial Regex NamedTest();

    [GeneratedRegex("\\]\\(([^)\\s]+)\\)")]
    private static partial Regex Link();

    [GeneratedRegex("docs/[a-z-]+(/[a-z-]+)*\\.md")]
    private static partial Regex NamedDocument();
}
