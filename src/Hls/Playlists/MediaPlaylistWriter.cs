using Roomcast.Hls.Packaging;
using Roomcast.Hls.Segmenting;

namespace Roomcast.Hls.Playlists;

/// <summary>Writes media playlists. Source: rfc8216bis 4.4.</summary>
internal static class MediaPlaylistWriter
{
    // 9 is what EXT-X-SKIP needs (rfc8216bis section 8).
    private const int Version = 9;

    // From /live/{id}/v/{viewer}/{rendition}/media.m3u8 to /live/{id}/m/{rendition}/. Relative, so that a token in the
    // path stays, and the same for all viewers, so that all share one text.
    private const string MediaFolder = "../../../m/";

    /// <summary>Writes the playlist of a state.</summary>
    /// <param name="state">The state.</param>
    /// <param name="skipped">How many segments a delta update leaves out; 0 for the whole playlist.</param>
    public static byte[] Write(PlaylistState state, int skipped)
    {
        var header = state.Header;
        var output = new PlaylistBuilder(1_024 + ((state.End - state.ListedFrom - skipped) * 160));
        output.Text("#EXTM3U\n#EXT-X-VERSION:").Number(Version)
            .Text("\n#EXT-X-TARGETDURATION:").Number(header.TargetSeconds)
            .Text("\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=").Seconds(header.PartHoldBack)
            .Text(",CAN-SKIP-UNTIL=").Seconds(header.SkipUntil)
            .Text("\n#EXT-X-PART-INF:PART-TARGET=").Seconds(header.PartTarget)
            .Text("\n#EXT-X-MEDIA-SEQUENCE:").Number(state.MediaSequence)
            .Text("\n#EXT-X-DISCONTINUITY-SEQUENCE:").Number(state.DiscontinuitySequence).Line();

        if (AreAllIndependent(state))
        {
            output.Text("#EXT-X-INDEPENDENT-SEGMENTS\n");
        }

        if (skipped > 0)
        {
            output.Text("#EXT-X-SKIP:SKIPPED-SEGMENTS=").Number(skipped).Line();
        }

        // Where a delta update goes on, the section in force is the one of the last segment it skips.
        var init = skipped > 0 ? state.Segments[state.ListedFrom + skipped - 1].Head.InitNumber : -1;
        var partsFrom = FindFirstWithParts(state);
        for (var i = state.ListedFrom + skipped; i < state.End; i++)
        {
            var segment = state.Segments[i];
            WriteHead(output, header, segment.Head, ref init);
            output.Bytes(i >= partsFrom ? segment.TextWithParts : segment.Text);
        }

        if (state.IsEnded)
        {
            return output.Text("#EXT-X-ENDLIST\n").ToArray();
        }

        WriteOpenSegment(output, state, ref init);
        WriteReports(output, state);
        return output.ToArray();
    }

    /// <summary>The lines of a finished segment from EXT-X-PROGRAM-DATE-TIME to its address.</summary>
    public static byte[] WriteSegment(PlaylistHeader header, Segment segment, bool withParts)
    {
        var output = new PlaylistBuilder(256);
        WriteDate(output, segment.Head);
        if (withParts)
        {
            for (var i = 0; i < segment.Parts.Length; i++)
            {
                WritePart(output, header, segment.Msn, i, segment.Parts[i]);
            }
        }

        if (segment.IsGap)
        {
            output.Text("#EXT-X-GAP\n");
        }

        output.Text("#EXTINF:").Units(segment.Units).Text(",\n");
        WriteAddress(output, header, new MediaName(MediaKind.Segment, segment.Msn, 0));
        return output.Line().ToArray();
    }

    /// <summary>How many of the oldest segments a delta update may leave out: those wholly before the skip boundary.</summary>
    public static int CountSkippable(PlaylistState state)
    {
        var boundary = HlsClock.Units(state.Header.SkipUntil);
        var distance = OpenUnits(state);
        var i = state.End - 1;
        for (; i >= state.ListedFrom && distance < boundary; i--)
        {
            distance += state.Segments[i].Units;
        }

        return i - state.ListedFrom + 1;
    }

    // Parts are listed for the last segments, and as long as they are within three target durations of the end.
    private static int FindFirstWithParts(PlaylistState state)
    {
        var depth = 3L * state.Header.TargetSeconds * HlsClock.Hz;
        var distance = OpenUnits(state);
        var i = state.End;
        while (i > state.ListedFrom && (distance < depth || state.End - i < HlsOptions.PartListingDepth))
        {
            i--;
            distance += state.Segments[i].Units;
        }

        return i;
    }

    private static bool AreAllIndependent(PlaylistState state)
    {
        for (var i = state.ListedFrom; i < state.End; i++)
        {
            if (!state.Segments[i].IsIndependent)
            {
                return false;
            }
        }

        return state.Open is not { Parts: [{ Part.IsIndependent: false }, ..] };
    }

    private static void WriteOpenSegment(PlaylistBuilder output, PlaylistState state, ref int init)
    {
        var header = state.Header;
        if (state.Open is { Parts.Length: > 0 } open)
        {
            WriteHead(output, header, open.Head, ref init);
            WriteDate(output, open.Head);
            for (var i = 0; i < open.Parts.Length; i++)
            {
                WritePart(output, header, open.Head.Msn, i, open.Parts[i].Part);
            }
        }

        if (state.InitNumber != init)
        {
            output.Text("#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"");
            WriteAddress(output, header, new MediaName(MediaKind.Init, state.InitNumber, 0));
            output.Text("\"\n");
        }

        output.Text("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"");
        WriteAddress(output, header, new MediaName(MediaKind.Part, state.NextMsn, state.NextPart));
        output.Text("\"\n");
    }

    private static void WriteReports(PlaylistBuilder output, PlaylistState state)
    {
        foreach (var report in state.Reports)
        {
            output.Text("#EXT-X-RENDITION-REPORT:URI=\"../").Text(report.Rendition).Text("/media.m3u8\",LAST-MSN=").Number(report.LastMsn);
            if (report.LastPart is { } part)
            {
                output.Text(",LAST-PART=").Number(part);
            }

            output.Line();
        }
    }

    private static void WriteHead(PlaylistBuilder output, PlaylistHeader header, SegmentHead head, ref int init)
    {
        if (head.IsDiscontinuity)
        {
            output.Text("#EXT-X-DISCONTINUITY\n");
        }

        if (head.InitNumber != init)
        {
            init = head.InitNumber;
            output.Text("#EXT-X-MAP:URI=\"");
            WriteAddress(output, header, new MediaName(MediaKind.Init, init, 0));
            output.Text("\"\n");
        }
    }

    private static void WriteDate(PlaylistBuilder output, SegmentHead head) =>
        output.Text("#EXT-X-PROGRAM-DATE-TIME:").Date(head.ProgramDateTime).Line();

    private static void WritePart(PlaylistBuilder output, PlaylistHeader header, long msn, int index, Part part)
    {
        output.Text("#EXT-X-PART:DURATION=").Units(part.Units).Text(",URI=\"");
        WriteAddress(output, header, new MediaName(MediaKind.Part, msn, index));
        output.Text(part.IsIndependent ? "\",INDEPENDENT=YES\n" : "\"\n");
    }

    private static void WriteAddress(PlaylistBuilder output, PlaylistHeader header, MediaName name)
    {
        output.Text(MediaFolder).Text(header.Rendition).Text("/").Text(header.RunTag);
        switch (name.Kind)
        {
            case MediaKind.Init:
                output.Text("-init").Number(name.Number).Text(".mp4");
                break;
            case MediaKind.Segment:
                output.Text("-").Number(name.Number).Text(".m4s");
                break;
            default:
                output.Text("-").Number(name.Number).Text(".").Number(name.Part).Text(".m4s");
                break;
        }
    }

    private static long OpenUnits(PlaylistState state)
    {
        var units = 0L;
        foreach (var part in state.Open?.Parts ?? [])
        {
            units += part.Part.Units;
        }

        return units;
    }
}
