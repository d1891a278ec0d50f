using System.Globalization;
using System.Text.RegularExpressions;
using Roomcast.TestKit;

namespace Roomcast.Server.Tests.Documents;

/// <summary>Event ids are looked up, so each stands for one message and lies in its part's range, which CONTRIBUTING.md lists.</summary>
public partial class EventIdTests
{
    [Fact]
    public void No_event_id_is_used_twice_and_each_lies_in_the_range_of_its_part()
    {
        var ranges = Row().Matches(File.ReadAllText(RepositoryFiles.PathOf("CONTRIBUTING.md")))
            .SelectMany(row => Folder().Matches(row.Groups[3].Value).Select(folder => (Folder: folder.Groups[1].Value, First: Number(row.Groups[1]), Last: Number(row.Groups[2]))))
            .ToList();
        Assert.True(ranges.Count > 15, "The table of event ids was not found.");
        var source = RepositoryFiles.PathOf("src");
        var used = new Dictionary<int, string>();
        var parts = new HashSet<string>();
        foreach (var file in Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(source, file).Replace('\\', '/');
            if (name.Contains("/obj/", StringComparison.Ordinal))
            {
                continue;
            }

            foreach (Match match in EventId().Matches(File.ReadAllText(file)))
            {
                var id = Number(match.Groups[1]);
                var (folder, first, last) = ranges.Where(range => name.StartsWith($"{range.Folder}/", StringComparison.Ordinal))
                    .OrderByDescending(range => range.Folder.Length).FirstOrDefault();
                Assert.True(folder is not null, $"No range is given to {name}.");
                Assert.True(id >= first && id <= last, $"Event id {id} of {name} is outside {first} to {last}.");
                Assert.True(used.TryAdd(id, name), $"Event id {id} is used in {used[id]} and in {name}.");
                parts.Add(folder);
            }
        }

        Assert.Empty(ranges.Select(range => range.Folder).Except(parts));
    }

    private static int Number(Group digits) => int.Parse(digits.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex("^\\| ([0-9]{4})-([0-9]{4}) \\|(.*)\\|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`([A-Za-z/]+)`")]
    private static partial Regex Folder();

    [GeneratedRegex("\\[LoggerMessage\\(\\s*(?:EventId\\s*=\\s*)?([0-9]+)")]
    private static partial Regex EventId();
}
