namespace Roomcast.TestKit.Hls;

/// <summary>Checks the playlists of one rendition, each by itself and against those before.</summary>
internal sealed class LlHlsPlaylistChecks(LlHlsReport report, string rendition)
{
    // Lengths are written in whole microseconds.
    private const double Rounding = 0.000_002;
    private const double LeastPart = 0.85;

    private readonly Dictionary<long, ListedSegment> _known = [];
    private readonly HashSet<long> _hadParts = [];
    private MediaPlaylist? _last;
    private double _longestPlaylist;

    /// <summary>The segments that were ever listed, by number.</summary>
    public IReadOnlyDictionary<long, ListedSegment> Known => _known;

    /// <summary>Checks a whole playlist, or a delta update put together.</summary>
    /// <param name="playlist">As received.</param>
    /// <param name="segments">All segments: those of a delta update put together.</param>
    public void Check(MediaPlaylist playlist, IReadOnlyList<ListedSegment> segments)
    {
        foreach (var fault in playlist.Faults)
        {
            Fault(LlHlsRules.PlaylistForm, fault);
        }

        CheckHead(playlist);
        CheckLengths(playlist, segments);
        CheckListing(playlist);
        CheckDates(segments);
        CheckHistory(playlist, segments);
        _last = playlist;
    }

    private void CheckHead(MediaPlaylist playlist)
    {
        var control = playlist.ServerControl;
        Require(playlist.Version >= 9, LlHlsRules.PlaylistForm, $"EXT-X-VERSION is {playlist.Version}; delta updates need 9.");
        Require(playlist.TargetDuration > 0, LlHlsRules.PlaylistForm, "There is no EXT-X-TARGETDURATION.");
        Require(playlist.PartTarget > 0, LlHlsRules.PlaylistForm, "There is no EXT-X-PART-INF.");
        Require(control.GetValueOrDefault("CAN-BLOCK-RELOAD") == "YES", LlHlsRules.ServerControl, "CAN-BLOCK-RELOAD is not YES.");
        Require(
            Number(control, "PART-HOLD-BACK") >= (3 * playlist.PartTarget) - Rounding,
            LlHlsRules.ServerControl,
            $"PART-HOLD-BACK is {control.GetValueOrDefault("PART-HOLD-BACK")} with a part target of {playlist.PartTarget}.");
        if (control.ContainsKey("CAN-SKIP-UNTIL"))
        {
            Require(
                Number(control, "CAN-SKIP-UNTIL") >= 6 * playlist.TargetDuration,
                LlHlsRules.ServerControl,
                $"CAN-SKIP-UNTIL is {control["CAN-SKIP-UNTIL"]}.");
        }

        if (playlist.IsEnded)
        {
            Require(playlist.HintedPart is null && playlist.HintedMap is null, LlHlsRules.EndList, "There is a hint behind EXT-X-ENDLIST.");
        }
        else
        {
            Require(playlist.HintedPart is not null, LlHlsRules.PreloadHint, $"No part is hinted at after {playlist.NextMsn}.{playlist.NextPart}.");
        }

        if (_last is null)
        {
            return;
        }

        Require(
            playlist.TargetDuration == _last.TargetDuration,
            LlHlsRules.TargetConstant,
            $"EXT-X-TARGETDURATION went from {_last.TargetDuration} to {playlist.TargetDuration}.");
        Require(
            Math.Abs(playlist.PartTarget - _last.PartTarget) < Rounding,
            LlHlsRules.TargetConstant,
            $"PART-TARGET went from {_last.PartTarget} to {playlist.PartTarget}.");
    }

    private void CheckLengths(MediaPlaylist playlist, IReadOnlyList<ListedSegment> segments)
    {
        foreach (var segment in segments)
        {
            if (segment.IsComplete)
            {
                Require(
                    Math.Round(segment.Duration, MidpointRounding.AwayFromZero) <= playlist.TargetDuration,
                    LlHlsRules.TargetKept,
                    $"Segment {segment.Msn} lasts {segment.Duration} s with a target of {playlist.TargetDuration}.");
            }

            for (var i = 0; i < segment.Parts.Count; i++)
            {
                var part = segment.Parts[i];
                var isLast = segment.IsComplete && i == segment.Parts.Count - 1;
                Require(
                    part.Duration <= playlist.PartTarget + Rounding && part.Duration > 0,
                    LlHlsRules.PartLength,
                    $"Part {segment.Msn}.{i} lasts {part.Duration} s with a target of {playlist.PartTarget}.");

                // The last part of a growing segment may turn out to be its last.
                var mayBeShort = isLast || part.IsIndependent || (!segment.IsComplete && i == segment.Parts.Count - 1);
                Require(
                    mayBeShort || part.Duration >= (playlist.PartTarget * LeastPart) - Rounding,
                    LlHlsRules.PartLength,
                    $"Part {segment.Msn}.{i} lasts only {part.Duration} s with a target of {playlist.PartTarget}.");
            }

            if (segment is { IsComplete: true, Parts.Count: > 0 })
            {
                var sum = segment.Parts.Sum(part => part.Duration);
                Require(
                    Math.Abs(sum - segment.Duration) <= Rounding * (segment.Parts.Count + 1),
                    LlHlsRules.SegmentSum,
                    $"Segment {segment.Msn} lasts {segment.Duration} s and its parts {sum} s.");
            }
        }
    }

    private void CheckListing(MediaPlaylist playlist)
    {
        var distance = 0.0;
        var listing = 0;
        var needed = 0;
        foreach (var segment in playlist.Segments.Reverse())
        {
            if (segment.IsComplete)
            {
                var isNear = distance < (3 * playlist.TargetDuration) - Rounding;
                Require(
                    !isNear || segment.Parts.Count > 0 || !_hadParts.Contains(segment.Msn),
                    LlHlsRules.PartListing,
                    $"The parts of segment {segment.Msn} are gone {distance:0.###} s from the end.");
                needed += isNear ? 1 : 0;
                listing += segment.Parts.Count > 0 ? 1 : 0;
            }

            if (segment.Parts.Count > 0)
            {
                _hadParts.Add(segment.Msn);
            }

            distance += segment.Duration;
        }

        // A few more than needed do no harm; all of them make every reload long.
        Require(listing <= needed + 3, LlHlsRules.PartListing, $"{listing} segments list their parts.");
    }

    private void CheckDates(IReadOnlyList<ListedSegment> segments)
    {
        ListedSegment? before = null;
        foreach (var segment in segments)
        {
            Require(segment.Date is not null, LlHlsRules.ProgramDate, $"Segment {segment.Msn} has no EXT-X-PROGRAM-DATE-TIME.");
            Require(segment.Map is not null, LlHlsRules.PlaylistForm, $"Segment {segment.Msn} has no EXT-X-MAP.");
            if (before is { Date: { } earlier } && segment.Date is { } date)
            {
                var step = (date - earlier).TotalSeconds;
                Require(step > 0, LlHlsRules.ProgramDate, $"The date of segment {segment.Msn} is {step} s after the one before.");

                // Dates are whole milliseconds. A hole without media, inside a segment, may make a date later than the sum.
                Require(
                    segment.IsDiscontinuity || step >= before.Duration - 0.002,
                    LlHlsRules.ProgramDate,
                    $"Segment {segment.Msn} begins {step} s after one of {before.Duration} s.");
            }

            if (before is not null && before.Map != segment.Map)
            {
                Require(segment.IsDiscontinuity, LlHlsRules.MapChange, $"Segment {segment.Msn} has another EXT-X-MAP and is no discontinuity.");
            }

            before = segment;
        }
    }

    private void CheckHistory(MediaPlaylist playlist, IReadOnlyList<ListedSegment> segments)
    {
        foreach (var segment in segments)
        {
            if (_known.TryGetValue(segment.Msn, out var known))
            {
                Require(
                    IsSame(known, segment),
                    LlHlsRules.History,
                    $"Segment {segment.Msn} is not what it was: {Describe(known)} and now {Describe(segment)}.");
            }

            _known[segment.Msn] = segment;
        }

        if (_last is null)
        {
            return;
        }

        Require(playlist.MediaSequence >= _last.MediaSequence, LlHlsRules.History, "EXT-X-MEDIA-SEQUENCE fell.");
        Require(playlist.NextMsn >= _last.NextMsn, LlHlsRules.History, "The last segment is gone.");
        Require(!_last.IsEnded || playlist.IsEnded, LlHlsRules.EndList, "EXT-X-ENDLIST is gone.");
        var gone = Enumerable.Range(0, (int)Math.Min(100_000, playlist.MediaSequence - _last.MediaSequence))
            .Select(i => _last.MediaSequence + i).ToList();
        var discontinuities = gone.Count(msn => _known.GetValueOrDefault(msn) is { IsDiscontinuity: true });
        if (gone.All(_known.ContainsKey))
        {
            Require(
                playlist.DiscontinuitySequence == _last.DiscontinuitySequence + discontinuities,
                LlHlsRules.History,
                $"EXT-X-DISCONTINUITY-SEQUENCE went from {_last.DiscontinuitySequence} to {playlist.DiscontinuitySequence} with {discontinuities} gone.");
        }

        // A live playlist may lose segments only while three target durations stay (6.2.2).
        var length = segments.Sum(segment => segment.Duration);
        _longestPlaylist = Math.Max(_longestPlaylist, length);
        Require(
            gone.Count == 0 || length >= 3 * playlist.TargetDuration,
            LlHlsRules.History,
            $"Segments left although only {length} s stay.");

        var before = _last.HintedPart;
        if (before is not null && _last.NextMsn == playlist.NextMsn && playlist.NextPart > _last.NextPart)
        {
            Require(
                playlist.Open!.Parts[_last.NextPart].Uri == before,
                LlHlsRules.PreloadHint,
                $"{before} was hinted at, and {playlist.Open.Parts[_last.NextPart].Uri} came.");
        }
    }

    private static bool IsSame(ListedSegment known, ListedSegment now)
    {
        var parts = Math.Min(known.Parts.Count, now.Parts.Count);
        var areParts = known.Parts.Take(parts).SequenceEqual(now.Parts.Take(parts)) && (now.Parts.Count >= known.Parts.Count || now.IsComplete);
        return areParts
            && known.IsDiscontinuity == now.IsDiscontinuity
            && known.Map == now.Map
            && known.Date == now.Date
            && (!known.IsComplete || (now.IsComplete && known.Uri == now.Uri && Math.Abs(known.Duration - now.Duration) < Rounding));
    }

    private static string Describe(ListedSegment segment) =>
        $"{segment.Uri} {segment.Duration} s, {segment.Parts.Count} parts, {segment.Date:O}, {segment.Map}";

    private static double Number(IReadOnlyDictionary<string, string> attributes, string name) =>
        double.TryParse(attributes.GetValueOrDefault(name), System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : 0;

    private void Require(bool isKept, string rule, string detail)
    {
        if (!isKept)
        {
            Fault(rule, detail);
        }
    }

    private void Fault(string rule, string detail) => report.Add(rule, $"Rendition {rendition}: {detail}");
}
