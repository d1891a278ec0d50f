using System.Text.RegularExpressions;
using Roomcast.TestKit;

namespace Roomcast.Server.Tests.Documents;

/// <summary>Event ids are looked up, so each stands for one message and lies in its part's range.</summary>
public partial class EventIdTests
{
    private static readonly (string Folder, int First, int Last)[] Ranges =
    [
        ("Storage", 1000, 1099), ("Accounts", 1100, 1199), ("Transports/Tcp", 1200, 1299), ("Transports/Rtc", 5500, 5599), ("Livestreams/Ingest", 2100, 2199),
        ("Livestreams/Delivery", 2200, 2299), ("Livestreams/Lifecycle", 2300, 2399), ("Livestreams/Viewers", 2300, 2399),
        ("Meetings/Blobs", 5000, 5099), ("Meetings/Sessions", 5100, 5199), ("Meetings/History", 5210, 5219), ("Meetings/History/Publishing", 5600, 5609), ("RealtimeKit", 3000, 3099),
        ("Egress/Recording", 6200, 6299), ("RealtimeKit/Socket", 4100, 4149), ("RealtimeKit/Client", 4150, 4199), ("Server", 4000, 4099), ("Relay", 4200, 4299),
        ("Egress/Push", 6100, 6199), ("Transcripts", 4400, 4499),
    ];

    [Fact]
    public void No_event_id_is_used_twice_and_each_lies_in_the_range_of_its_part()
    {
        var seen = new Dictionary<int, string>();
        foreach (var (folder, first, last) in Ranges)
        {
            var path = RepositoryFiles.PathOf(["src", .. folder.Split('/')]);
            var files = Directory.Exists(path) ? Directory.EnumerateFiles(path, "*.cs", SearchOption.AllDirectories) : [];
            var inner = Ranges.Where(range => range.Folder.StartsWith($"{folder}/", StringComparison.Ordinal)).ToArray();
            foreach (var file in files.Where(file => !file.Contains("/obj/", StringComparison.Ordinal)
                && !inner.Any(range => file.Contains($"/src/{range.Folder}/", StringComparison.Ordinal))))
            {
                foreach (Match match in EventId().Matches(File.ReadAllText(file)))
                {
                    var id = int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
                    var name = Path.GetFileName(file);
                    Assert.True(id >= first && id <= last, $"Event id {id} of {name} is outside {first} to {last}.");
                    Assert.True(seen.TryAdd(id, name), $"Event id {id} is used in {seen[id]} and in {name}.");
                }
            }
        }

        Assert.NotEmpty(seen);
    }

    [GeneratedRegex("\\[LoggerMessage\\(\\s*(?:EventId\\s*=\\s*)?([0-9]+)")]
    private static partial Regex EventId();
}
