using Roomcast.Media.Containers.Mp4;

namespace Roomcast.TestKit.Hls;

/// <summary>Checks the media of one rendition: what is in parts and segments against what the playlist says of them.</summary>
internal sealed class LlHlsMediaChecks(LlHlsReport report, string rendition)
{
    // A unit of 90 kHz and the microseconds of the playlist.
    private const double Rounding = 0.000_05;

    // The length of a part is that of its leading track; sound ends within a frame of it.
    private const double DateRounding = 0.002;

    private readonly Dictionary<string, IReadOnlyList<Mp4Track>> _maps = [];
    private readonly Dictionary<int, long> _nextTimes = [];
    private readonly Dictionary<(long Msn, int Part), byte[]> _parts = [];
    private double? _dateOffset;
    private long _nextMsn = -1;
    private int _nextPart;

    /// <summary>The bytes of a part, when it was read.</summary>
    public byte[]? PartOf(long msn, int part) => _parts.GetValueOrDefault((msn, part));

    /// <summary>Takes the section that EXT-X-MAP names.</summary>
    public void AddMap(string uri, byte[] bytes)
    {
        if (Mp4Reader.TryReadInit(bytes, out var tracks) is var status and not Mp4ReadStatus.Done)
        {
            Fault(LlHlsRules.MediaForm, $"{uri} cannot be read: {status}.");
        }

        _maps[uri] = tracks;
    }

    /// <summary>Whether the section is known.</summary>
    public bool HasMap(string uri) => _maps.ContainsKey(uri);

    /// <summary>Checks a part. Parts come in order, but for those that were never listed.</summary>
    /// <param name="segment">Its segment.</param>
    /// <param name="index">Its index.</param>
    /// <param name="bytes">The part.</param>
    /// <param name="previous">The segment before, as listed last; null when unknown.</param>
    public void CheckPart(ListedSegment segment, int index, byte[] bytes, ListedSegment? previous)
    {
        report.CountPart();
        _parts[(segment.Msn, index)] = bytes;
        foreach (var old in _parts.Keys.Where(key => key.Msn < segment.Msn - 6).ToList())
        {
            _parts.Remove(old);
        }

        if (Read(segment, bytes, $"Part {segment.Msn}.{index}") is not { } samples)
        {
            return;
        }

        var part = segment.Parts[index];
        var tracks = _maps[segment.Map!];
        var video = tracks.FirstOrDefault(track => track.Handler == "vide");
        var lead = video ?? tracks[0];
        var ofLead = samples.Where(sample => sample.TrackNumber == lead.TrackNumber).ToList();
        var isNext = (segment.Msn, index) == (_nextMsn, _nextPart)
            || (index == 0 && segment.Msn == _nextMsn + 1 && previous is { IsComplete: true } && previous.Parts.Count == _nextPart);
        CheckTimes(segment, index, samples, isNext, tracks);
        if (ofLead.Count > 0)
        {
            var length = ofLead.Sum(sample => (double)sample.Duration) / lead.TimescaleHz;
            Require(
                Math.Abs(length - part.Duration) <= Rounding + FrameSlack(ofLead, lead, part),
                LlHlsRules.MediaLength,
                $"Part {segment.Msn}.{index} says {part.Duration} s and holds {length} s.");
            Require(
                !part.IsIndependent || ofLead[0].IsSync,
                LlHlsRules.Independent,
                $"Part {segment.Msn}.{index} says INDEPENDENT and does not begin with a keyframe.");
            Require(
                part.IsIndependent || !ofLead[0].IsSync,
                LlHlsRules.Independent,
                $"Part {segment.Msn}.{index} begins with a keyframe and does not say so.");
            if (index == 0 && ofLead[0].IsSync)
            {
                CheckDate(segment, ofLead[0], lead);
            }
        }
        else
        {
            Require(!part.IsIndependent, LlHlsRules.Independent, $"Part {segment.Msn}.{index} says INDEPENDENT and has no picture.");
        }

        _nextMsn = segment.Msn;
        _nextPart = index + 1;
    }

    /// <summary>Checks a whole segment against its parts.</summary>
    public void CheckSegment(ListedSegment segment, byte[] bytes)
    {
        report.CountSegment();
        var parts = Enumerable.Range(0, segment.Parts.Count).Select(i => PartOf(segment.Msn, i)).ToList();
        if (parts.Count > 0 && parts.All(part => part is not null))
        {
            Require(
                bytes.AsSpan().SequenceEqual(parts.SelectMany(part => part!).ToArray()),
                LlHlsRules.PartsAreSegment,
                $"Segment {segment.Msn} is not its parts put together.");
        }

        if (Read(segment, bytes, $"Segment {segment.Msn}") is not { Count: > 0 } samples)
        {
            return;
        }

        var tracks = _maps[segment.Map!];
        var lead = tracks.FirstOrDefault(track => track.Handler == "vide") ?? tracks[0];
        var ofLead = samples.Where(sample => sample.TrackNumber == lead.TrackNumber).ToList();
        if (ofLead.Count > 0)
        {
            var length = ofLead.Sum(sample => (double)sample.Duration) / lead.TimescaleHz;
            Require(
                Math.Abs(length - segment.Duration) <= Rounding * (segment.Parts.Count + 1) + 0.05,
                LlHlsRules.MediaLength,
                $"Segment {segment.Msn} says {segment.Duration} s and holds {length} s.");
        }
    }

    /// <summary>Checks that a playlist that says EXT-X-INDEPENDENT-SEGMENTS may.</summary>
    public void CheckIndependentSegment(ListedSegment segment) => Require(
        segment.Parts.Count == 0 || segment.Parts[0].IsIndependent,
        LlHlsRules.Independent,
        $"EXT-X-INDEPENDENT-SEGMENTS is said, and segment {segment.Msn} does not begin with a keyframe.");

    // The end of a run: its last frame's length was not known, or sound goes on behind the picture.
    private static double FrameSlack(List<Mp4ReadSample> samples, Mp4Track lead, ListedPart part) =>
        part.Duration < 0.4 ? (double)samples[^1].Duration / lead.TimescaleHz : 0;

    private void CheckTimes(
        ListedSegment segment, int index, List<Mp4ReadSample> samples, bool isNext, IReadOnlyList<Mp4Track> tracks)
    {
        if (!isNext || (index == 0 && segment.IsDiscontinuity))
        {
            _nextTimes.Clear();
        }

        foreach (var sample in samples)
        {
            if (_nextTimes.TryGetValue(sample.TrackNumber, out var next))
            {
                Require(
                    next == sample.DecodeTime,
                    LlHlsRules.MediaTimes,
                    $"Part {segment.Msn}.{index}, track {sample.TrackNumber}: {sample.DecodeTime} follows {next} of {tracks[0].TimescaleHz}.");
            }

            _nextTimes[sample.TrackNumber] = sample.DecodeTime + sample.Duration;
        }
    }

    private void CheckDate(ListedSegment segment, Mp4ReadSample first, Mp4Track lead)
    {
        if (segment.Date is not { } date)
        {
            return;
        }

        // One clock for the whole stream: the date minus the media's time is the same everywhere. At a discontinuity both go on
        // with what has passed meanwhile, so that it holds over those too.
        var offset = (date - DateTimeOffset.UnixEpoch).TotalSeconds - ((double)first.PresentationTime / lead.TimescaleHz);
        if (_dateOffset is { } known)
        {
            Require(
                Math.Abs(offset - known) <= DateRounding,
                LlHlsRules.DateOfMedia,
                $"Segment {segment.Msn} has a date {(offset - known) * 1_000:0.###} ms off its media.");
        }

        _dateOffset ??= offset;
    }

    private List<Mp4ReadSample>? Read(ListedSegment segment, byte[] bytes, string what)
    {
        if (segment.Map is null || !_maps.TryGetValue(segment.Map, out var tracks) || tracks.Count == 0)
        {
            return null;
        }

        var status = Mp4Reader.TryReadFragments(bytes, tracks, out var fragments);
        Require(status is Mp4ReadStatus.Done, LlHlsRules.MediaForm, $"{what} cannot be read: {status}.");
        var samples = fragments.SelectMany(fragment => fragment.Samples).ToList();
        Require(samples.Count > 0, LlHlsRules.MediaForm, $"{what} is empty.");
        return samples;
    }

    private void Require(bool isKept, string rule, string detail)
    {
        if (!isKept)
        {
            Fault(rule, detail);
        }
    }

    private void Fault(string rule, string detail) => report.Add(rule, $"Rendition {rendition}: {detail}");
}
