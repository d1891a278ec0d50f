using System.Globalization;

namespace Roomcast.Hls.Playlists;

/// <summary>Writes the multivariant playlist. Source: rfc8216bis 4.4.6.</summary>
internal static class MultivariantPlaylistWriter
{
    // Live content may get heavier than what was measured; players take BANDWIDTH for the most.
    private const double Headroom = 1.1;

    /// <summary>Writes it.</summary>
    /// <param name="states">The renditions, first to last.</param>
    /// <param name="folder">Where the media playlists are, relative to this one: <c>v/{viewer}</c>.</param>
    /// <param name="query">What child addresses end with: empty, or a query with its question mark.</param>
    public static byte[] Write(ReadOnlySpan<PlaylistState> states, string folder, string query)
    {
        var output = new PlaylistBuilder(512);
        output.Text("#EXTM3U\n#EXT-X-VERSION:9\n");
        foreach (var state in states)
        {
            var figures = state.Figures;
            output.Text("#EXT-X-STREAM-INF:BANDWIDTH=").Number(Math.Max(1, (long)(figures.PeakBps * Headroom)))
                .Text(",AVERAGE-BANDWIDTH=").Number(Math.Max(1, figures.AverageBps))
                .Text(",CODECS=\"").Text(figures.Codecs).Text("\"");
            if (figures is { Width: > 0, Height: > 0 })
            {
                output.Text(",RESOLUTION=").Number(figures.Width).Text("x").Number(figures.Height);
                if (figures.FrameRate > 0)
                {
                    output.Text(",FRAME-RATE=").Text(figures.FrameRate.ToString("0.000", CultureInfo.InvariantCulture));
                }
            }

            output.Line().Text(folder).Text("/").Text(state.Header.Rendition).Text("/media.m3u8").Text(query).Line();
        }

        return output.ToArray();
    }
}
