using System.Collections.Immutable;
using Roomcast.Hls.Playlists;
using Roomcast.Hls.Segmenting;
using Roomcast.Media;
using Roomcast.Media.Containers.Mp4;

namespace Roomcast.Hls.Packaging;

/// <summary>The writing side of one rendition: packs what the segmenter cuts, keeps the window, and makes states for readers.</summary>
/// <remarks>Owned by the stream's writer.</remarks>
internal sealed class RenditionLog : ISegmentSink
{
    // The newest segments stay in memory: they are what most viewers fetch.
    private const int AlwaysInMemory = 3;

    private readonly PlaylistHeader _header;
    private readonly HlsOptions _options;
    private readonly MediaBudget _budget;
    private readonly ISegmentSpill? _spill;
    private readonly IHlsObserver? _observer;
    private readonly DateTimeOffset _programStart;
    private readonly List<OpenPart> _openParts = [];
    private readonly List<PartReport> _published = [];

    private ImmutableDictionary<long, MediaPayload> _inits = ImmutableDictionary<long, MediaPayload>.Empty;
    private byte[] _init = [];
    private PartPackager? _packager;
    private VariantFigures _figures = new("", 0, 0, 0, 0, 0);
    private Segment[] _segments = new Segment[32];
    private long[] _keepUntil = new long[32];
    private SegmentMemory? _memory;
    private SegmentHead? _openHead;
    private int _retainedFrom;
    private int _listedFrom;
    private int _end;
    private int _initNumber = -1;
    private long _nextMsn;
    private long _edge;
    private long _listedUnits;
    private long _retainedUnits;
    private long _retainedBytes;
    private long _discontinuitySequence;
    private long _peakBps;
    private int _lastSegmentLength;
    private int _presentationShift;
    private bool _isDiscontinuityDue;
    private bool _isShiftKnown;
    private bool _isEnded;

    public RenditionLog(
        PlaylistHeader header,
        HlsOptions options,
        MediaBudget budget,
        DateTimeOffset programStart,
        ISegmentSpill? spill,
        IHlsObserver? observer,
        long firstMsn = 0)
    {
        _header = header;
        _options = options;
        _budget = budget;
        _programStart = programStart;
        _spill = spill;
        _observer = observer;
        _nextMsn = firstMsn;
    }

    /// <summary>The media sequence number of the growing segment.</summary>
    public long NextMsn => _nextMsn;

    /// <summary>Whether something changed that readers have not been shown.</summary>
    public bool IsDirty { get; private set; }

    /// <summary>Whether it has ended.</summary>
    public bool IsEnded => _isEnded;

    /// <summary>Whether any segment or part was ever added.</summary>
    public bool IsEmpty => _end == 0 && _openParts.Count == 0;

    /// <summary>Says what tracks the following samples belong to. A new initialisation section is made where they need one.</summary>
    /// <param name="video">The picture, or null.</param>
    /// <param name="audio">The sound, or null.</param>
    /// <param name="frameRate">Frames in a second as measured, 0 when unknown.</param>
    public void SetTracks(Track? video, Track? audio, double frameRate)
    {
        _packager = new PartPackager(video, audio);
        _figures = new VariantFigures(
            string.Join(',', new[] { video?.CodecString, audio?.CodecString }.Where(codec => codec is not null)),
            video?.Width ?? 0,
            video?.Height ?? 0,
            RateOf(video, frameRate),
            0,
            0);
        _isShiftKnown = false;
        if (video is null)
        {
            // Sound is heard when it is decoded, whatever a picture before it needed.
            _presentationShift = 0;
        }

        var init = Mp4InitSection.Write([.. new[] { video, audio }.OfType<Track>()]);
        if (!init.AsSpan().SequenceEqual(_init))
        {
            _init = init;
            _initNumber++;
            _inits = _inits.Add(_initNumber, new MediaPayload([init]));
        }

        IsDirty = true;
    }

    public void AddPart(in PartCut cut, ReadOnlySpan<Sample> video, ReadOnlySpan<Sample> audio)
    {
        var bytes = Pack(cut, video, audio);
        _openParts.Add(new OpenPart(
            new Part(cut.Units, cut.IsIndependent, _memory!.Length - bytes.Length, bytes.Length), bytes));
        _published.Add(new PartReport(_header.Rendition, HlsClock.ToSpan(cut.Units), bytes.Length, LastArrival(video, audio)));
        IsDirty = true;
    }

    public void EndSegment()
    {
        var parts = new Part[_openParts.Count];
        var units = 0L;
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i] = _openParts[i].Part;
            units += parts[i].Units;
        }

        Append(new Segment(_openHead!, units, parts, _memory!, parts[0].IsIndependent));
    }

    public void AddSegmentWithoutParts(in PartCut cut, ReadOnlySpan<Sample> video, ReadOnlySpan<Sample> audio)
    {
        Pack(cut, video, audio);
        Append(new Segment(_openHead!, cut.Units, [], _memory!, cut.IsIndependent));
    }

    public void AddGap(long from, long to)
    {
        BeginSegment(from);
        Append(new Segment(_openHead!, to - from));
    }

    public void MarkDiscontinuity()
    {
        if (!IsEmpty)
        {
            _isDiscontinuityDue = true;
            _isShiftKnown = false;
            IsDirty = true;
        }
    }

    /// <summary>Adds EXT-X-ENDLIST. Nothing follows.</summary>
    public void End()
    {
        _isEnded = true;
        IsDirty = true;
    }

    /// <summary>Throws everything away.</summary>
    public void Drop()
    {
        for (var i = _retainedFrom; i < _end; i++)
        {
            DropAt(i);
        }

        _retainedFrom = _listedFrom = _end;
    }

    /// <summary>Puts segments away or drops them, so that memory stays within bounds.</summary>
    public void KeepWithinBudget()
    {
        PutAwayBefore(_end - AlwaysInMemory, () => _budget.IsTight);
        PutAwayBefore(_end - 1, () => _budget.IsExceeded);

        // The window has no holes, so whatever is older goes along with the oldest segment that is still in memory.
        var shortened = 0;
        for (var i = _retainedFrom; i < _end - 1 && _budget.IsExceeded; i++)
        {
            if (!_segments[i].IsInMemory)
            {
                continue;
            }

            for (; _retainedFrom <= i; _retainedFrom++)
            {
                if (_retainedFrom == _listedFrom)
                {
                    Delist();
                    shortened++;
                }

                DropAt(_retainedFrom);
            }

            IsDirty = true;
        }

        if (shortened > 0)
        {
            _observer?.WindowShortened(shortened);
        }
    }

    /// <summary>How far it has come, for the playlists of other renditions.</summary>
    public RenditionReport ToReport()
    {
        if (_openParts.Count > 0)
        {
            return new RenditionReport(_header.Rendition, _nextMsn, _openParts.Count - 1);
        }

        var lastParts = _end > _listedFrom ? _segments[_end - 1].Parts.Length : 0;
        return new RenditionReport(_header.Rendition, _nextMsn - 1, lastParts > 0 ? lastParts - 1 : null);
    }

    /// <summary>What there is now, for readers.</summary>
    /// <param name="reports">How far the other renditions have come.</param>
    public PlaylistState ToState(RenditionReport[] reports)
    {
        IsDirty = false;
        return new PlaylistState
        {
            Header = _header,
            Segments = _segments,
            RetainedFrom = _retainedFrom,
            ListedFrom = _listedFrom,
            End = _end,
            Open = _openParts.Count > 0 ? new OpenSegment(_openHead!, [.. _openParts]) : null,
            NextMsn = _nextMsn,
            DiscontinuitySequence = _discontinuitySequence,
            IsEnded = _isEnded,
            InitNumber = _initNumber,
            Inits = _inits,
            Figures = _figures with
            {
                PeakBps = _peakBps,
                AverageBps = _retainedUnits > 0 ? (long)((Int128)_retainedBytes * 8 * HlsClock.Hz / _retainedUnits) : 0,
            },
            Reports = reports,
            Observer = _observer,
        };
    }

    /// <summary>Tells the observer of the parts that readers have been shown.</summary>
    /// <param name="areTimely">Whether they were packed as their frames came, and not from frames held back.</param>
    public void ReportPublished(bool areTimely)
    {
        if (_observer is not null && areTimely)
        {
            foreach (var part in _published)
            {
                _observer.PartPublished(part);
            }
        }

        _published.Clear();
    }

    private void PutAwayBefore(int end, Func<bool> isNeeded)
    {
        for (var i = _retainedFrom; _spill is not null && i < end && isNeeded(); i++)
        {
            if (_segments[i] is { IsSpilling: false, IsInMemory: true } segment)
            {
                segment.IsSpilling = true;
                _budget.BeginLeaving(segment.Reserved);
                _ = PutAwayAsync(segment);
            }
        }
    }

    private ReadOnlyMemory<byte> Pack(in PartCut cut, ReadOnlySpan<Sample> video, ReadOnlySpan<Sample> audio)
    {
        // A keyframe tells how much later than decoded pictures are shown, as long as the source goes on unchanged.
        if (!_isShiftKnown && video.Length > 0 && video[0].Frame.IsKeyframe)
        {
            _presentationShift = video[0].CompositionOffset;
            _isShiftKnown = true;
        }

        BeginSegment(cut.From);

        // An eighth more than the last segment took, so that most fit in one block.
        _memory ??= new SegmentMemory(_lastSegmentLength + (_lastSegmentLength / 8));
        var reserved = _memory.Reserved;
        var length = _packager!.Write(_memory, video, audio, startsSegment: _memory.Length == 0);
        _budget.Add(_memory.Reserved - reserved);
        return _memory.Last(length);
    }

    private void BeginSegment(long from)
    {
        if (_openHead is not null)
        {
            return;
        }

        var shown = HlsClock.ToSpan(from + _presentationShift);
        _openHead = new SegmentHead(_nextMsn, _isDiscontinuityDue, _initNumber, _programStart + shown);
        _isDiscontinuityDue = false;
    }

    private void Append(Segment segment)
    {
        segment.Text = MediaPlaylistWriter.WriteSegment(_header, segment, withParts: false);
        segment.TextWithParts = MediaPlaylistWriter.WriteSegment(_header, segment, withParts: true);
        MakeRoom();
        _segments[_end++] = segment;
        _nextMsn++;
        _edge += segment.Units;
        _listedUnits += segment.Units;
        _retainedUnits += segment.Units;
        _retainedBytes += segment.Length;
        if (segment.Length > 0)
        {
            _lastSegmentLength = (int)Math.Min(segment.Length, int.MaxValue / 2);
            Measure(segment);
        }

        _openParts.Clear();
        _openHead = null;
        _memory = null;
        IsDirty = true;
        MoveWindow();
    }

    // The peak is that of segments of ordinary length: a stump before a discontinuity says little.
    private void Measure(Segment segment)
    {
        if (segment.Units * 2 >= HlsClock.Units(_options.SegmentTarget) || _peakBps == 0)
        {
            _peakBps = Math.Max(_peakBps, (long)((Int128)segment.Length * 8 * HlsClock.Hz / Math.Max(1, segment.Units)));
        }
    }

    private void MoveWindow()
    {
        var window = Math.Max(HlsClock.Units(_options.Window), 3L * _header.TargetSeconds * HlsClock.Hz);
        while (_listedFrom < _end - 1 && _listedUnits - _segments[_listedFrom].Units >= window)
        {
            Delist();
        }

        // What has left the playlist can be fetched for its own length and that of the longest playlist that listed it
        // (rfc8216bis 6.2.2).
        while (_retainedFrom < _listedFrom && _keepUntil[_retainedFrom] <= _edge)
        {
            DropAt(_retainedFrom++);
        }

        ForgetInits();
    }

    private void Delist()
    {
        var segment = _segments[_listedFrom];
        _keepUntil[_listedFrom] = _edge + segment.Units + _listedUnits;
        _listedUnits -= segment.Units;
        _listedFrom++;
        if (segment.Head.IsDiscontinuity)
        {
            _discontinuitySequence++;
        }
    }

    private void DropAt(int index)
    {
        var segment = _segments[index];
        _retainedUnits -= segment.Units;
        _retainedBytes -= segment.Length;
        if (segment.Drop())
        {
            _budget.Remove(segment.Reserved);
        }
    }

    private void ForgetInits()
    {
        if (_inits.Count > 1)
        {
            var oldest = _retainedFrom < _end ? _segments[_retainedFrom].Head.InitNumber : _initNumber;
            _inits = _inits.RemoveRange(_inits.Keys.Where(number => number < oldest));
        }
    }

    // States made earlier keep the array they were made with.
    private void MakeRoom()
    {
        if (_end < _segments.Length)
        {
            return;
        }

        var live = _end - _retainedFrom;
        var segments = new Segment[Math.Max(32, live * 2)];
        var keepUntil = new long[segments.Length];
        Array.Copy(_segments, _retainedFrom, segments, 0, live);
        Array.Copy(_keepUntil, _retainedFrom, keepUntil, 0, live);
        _segments = segments;
        _keepUntil = keepUntil;
        _listedFrom -= _retainedFrom;
        _end = live;
        _retainedFrom = 0;
    }

    private async Task PutAwayAsync(Segment segment)
    {
        ISpilledSegment? spilled = null;
        try
        {
            if (segment.Pieces is { } pieces)
            {
                var name = new MediaName(MediaKind.Segment, segment.Msn, 0).ToString($"{_header.RunTag}-{_header.Rendition}");
                spilled = await _spill!.PutAwayAsync(name, pieces);
            }
        }
        finally
        {
            _budget.EndLeaving(segment.Reserved);
        }

        if (spilled is not null && segment.TryMoveTo(spilled))
        {
            _budget.Remove(segment.Reserved);
        }
        else
        {
            spilled?.Delete();
        }
    }

    // What was measured is rounded, what is declared may be wrong: where they agree the declared one is exact.
    private static double RateOf(Track? video, double measured)
    {
        var declared = video?.FrameRate ?? 0;
        return measured <= 0 || Math.Abs(measured - declared) < declared * 0.02 ? declared : measured;
    }

    private static TimeSpan LastArrival(ReadOnlySpan<Sample> video, ReadOnlySpan<Sample> audio)
    {
        var ofVideo = video.IsEmpty ? TimeSpan.Zero : video[^1].ArrivedAt;
        var ofAudio = audio.IsEmpty ? TimeSpan.Zero : audio[^1].ArrivedAt;
        return ofVideo > ofAudio ? ofVideo : ofAudio;
    }
}
