using System.Text;
using Roomcast.Hls.Playlists;
using Roomcast.Livestreams.Delivery;

namespace Roomcast.Fuzz.Hls;

/// <summary>What viewers write into addresses: directives, parameters, names of media, ranges, paths.</summary>
public sealed class PlaylistQueryFuzz
{
    [Fact]
    public void Directives_of_a_playlist_query()
    {
        string[] seeds =
        [
            "?_HLS_msn=12&_HLS_part=3&_HLS_skip=YES", "?_HLS_skip=v2", "_HLS_part=1", "?token=a%20b&viewer=beacon&_HLS_msn=1",
            "?_HLS_msn=999999999999999999&_HLS_part=2147483648", "?a&&=&b=c=d", "?_HLS_msn=1&_HLS_msn=2", "?q=\u00e4\"\n<>",
        ];
        FuzzRun.Of("playlist-query", seeds.Select(Encoding.UTF8.GetBytes), bytes =>
        {
            var text = Encoding.UTF8.GetString(bytes);
            var fault = PlaylistQuery.TryParse(text, out var query);
            Assert.True(fault is null || (fault.EndsWith('.') && query == default), "A fault is one sentence and comes without directives.");
            Assert.True(query.Part is null || query.Msn is not null, "A part needs a segment.");
            Assert.True(query.Msn is null or >= 0 && query.Part is null or >= 0, "Numbers are never below zero.");

            // Whatever was sent, what goes into a playlist stays on its line and inside its quotes.
            var carried = PlaylistQuery.Carry(text, "viewer");
            Assert.DoesNotContain(carried, letter => letter is '"' or '#' or '<' or '>' or ' ' or (< ' ') or (> '~'));
            Assert.DoesNotContain(
                carried.Length == 0 ? [] : carried[1..].Split('&'), pair => pair.StartsWith("_HLS_", StringComparison.OrdinalIgnoreCase));
            Assert.True(carried.Length == 0 || carried[0] == '?', "A query begins with a question mark.");
            Assert.Equal(carried, PlaylistQuery.Carry(carried, "viewer"));
        });
    }

    [Fact]
    public void Names_of_media()
    {
        string[] seeds = ["tag-1.m4s", "tag-12.3.m4s", "tag-init0.mp4", "tag-init.mp4", "tag-01.m4s", "tag-999999999999999999.0.m4s", "tag--1.m4s"];
        FuzzRun.Of("media-name", seeds.Select(Encoding.UTF8.GetBytes), bytes =>
        {
            var text = Encoding.UTF8.GetString(bytes);
            if (MediaName.TryParse(text, "tag", out var name))
            {
                Assert.Equal(text, name.ToString("tag"));
            }
        });
    }

    [Fact]
    public void Paths_and_ranges_of_delivery()
    {
        const string Id = "6f1a2f5e-8a51-4a57-9d7b-0f4b9c0c2a11";
        string[] seeds =
        [
            $"/live/{Id}/index.m3u8", $"/live/t/token/{Id}/v/all/0/media.m3u8", $"/live/{Id}/m/0/tag-1.m4s", $"/live/{Id}/status", "/live/",
            "bytes=0-1", "bytes=-5", "bytes=5-", "bytes=0-1,4-5", "bytes=99999999999999999999-",
        ];
        FuzzRun.Of("delivery-path", seeds.Select(Encoding.UTF8.GetBytes), bytes =>
        {
            var text = Encoding.UTF8.GetString(bytes);
            var path = LivePath.Read(text);
            if (path.Kind is LivePathKind.MediaPlaylist or LivePathKind.Media)
            {
                Assert.False(path.Rendition.IsEmpty);
                Assert.Equal(Id.Length, path.LivestreamId.ToString().Length);
            }

            if (ByteRange.TryRead(text, 1_000, out var range) is true)
            {
                Assert.InRange(range.Start, 0, 999);
                Assert.InRange(range.Length, 1, 1_000 - range.Start);
            }
        });
    }
}
