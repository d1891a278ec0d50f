using Roomcast.Media;

namespace Roomcast.Hls.Segmenting;

/// <summary>Decides where the parts and segments of one rendition begin and end. Frames in, cuts out.</summary>
/// <remarks>
/// <para>
/// One track leads: the picture where there is one. A part is cut before the leading frame that would make it too long; what
/// the other track has up to that moment goes in as well. As soon as it is certain that one more frame would be too many, the
/// part is cut without waiting for that frame's end. A segment ends where a keyframe of the leading track comes at or after
/// the target; without one, at the part after which it would become longer than its playlist allows. A segment that could not
/// begin with a keyframe ends at the next one, so that the following begin with keyframes again.
/// </para>
/// <para>
/// A track that has fallen far behind the other stops leading until it has caught up, so that neither waits for the other for
/// ever. What it sends late goes into the part that is open then, with its own times.
/// </para>
/// <para>
/// Of several renditions the first decides where segments end and the others follow at their first frame there, so that all
/// have the same media sequence numbers.
/// </para>
/// </remarks>
internal sealed class Segmenter
{
    // Frames of several renditions that belong together differ by the rounding of their source.
    private const long EndTolerance = 5 * HlsClock.Hz / 1_000;

    // What a part is said to last that holds nothing but what came too late.
    private const long LateTail = HlsClock.Hz / 50;

    private readonly SampleQueue? _video;
    private readonly SampleQueue? _audio;
    private readonly CutRules _rules;
    private readonly ISegmentSink _sink;
    private readonly Segmenter? _leader;
    private readonly List<Segmenter> _followers = [];
    private readonly Queue<SegmentEnd> _ends = new();

    private SampleQueue _lead;
    private int _taken;
    private long _partStart;
    private long _segmentStart;
    private long _startedAt;
    private bool _isStarted;
    private bool _hasParts;
    private bool _beganIndependent;

    /// <summary>Makes a segmenter.</summary>
    /// <param name="video">The picture, or null.</param>
    /// <param name="audio">The sound, or null; one of the two is there.</param>
    /// <param name="rules">The lengths.</param>
    /// <param name="sink">Does what is decided.</param>
    /// <param name="leader">The first rendition, when this is a further one.</param>
    public Segmenter(SampleQueue? video, SampleQueue? audio, CutRules rules, ISegmentSink sink, Segmenter? leader = null)
    {
        _video = video;
        _audio = audio;
        _rules = rules;
        _sink = sink;
        _leader = leader;
        _lead = video ?? audio ?? throw new ArgumentException("A rendition has at least one track.", nameof(video));
        leader?._followers.Add(this);
    }

    /// <summary>The moment up to which all is decided; null before the start.</summary>
    public long? Position { get; private set; }

    /// <summary>
    /// The moment before which no part can end, except by a keyframe of the picture or by force; null before the start.
    /// </summary>
    /// <remarks>A tenth earlier than parts may end, since a part is cut when its last frame comes, not when that frame is over.</remarks>
    public long? QuietUntil => _isStarted ? _partStart + (_rules.PartLeast / 10 * 9) : null;

    /// <summary>Where the newest frame of any of its tracks is; null before the first.</summary>
    public long? Newest => (_video?.Newest, _audio?.Newest) switch
    {
        ({ } video, { } audio) => Math.Max(video, audio),
        var (video, audio) => video ?? audio,
    };

    /// <summary>Frames that went into no part: before the first keyframe, or with times that go back.</summary>
    public long Dropped => (_video?.Dropped ?? 0) + (_audio?.Dropped ?? 0);

    /// <summary>Takes a frame in. The frames of other tracks are passed over.</summary>
    public void Add(Frame frame, TimeSpan arrivedAt)
    {
        var queue = frame.TrackId == _video?.Track.Id ? _video : frame.TrackId == _audio?.Track.Id ? _audio : null;
        if (queue is not null && queue.Add(frame, arrivedAt))
        {
            Advance();
        }
    }

    /// <summary>Goes on as far as what is known allows; the owner calls it for the further renditions after the first moved.</summary>
    public void Advance()
    {
        if (_isStarted || TryStart())
        {
            ChooseLead();
            Drain();
        }
    }

    /// <summary>Goes on without media up to a moment, because the first rendition gets none while others wait for its cuts.</summary>
    public void SkipTo(long at)
    {
        if (!_isStarted || at - Position < _rules.StallLimit)
        {
            return;
        }

        FlushQueues();
        Drain();
        CloseTail();
        EndSegment(_partStart);
        while (_partStart + _rules.SegmentTarget <= at)
        {
            var end = _partStart + _rules.SegmentTarget;
            _sink.AddGap(_partStart, end);
            MoveTo(end);
            Position = end;
            Tell(new SegmentEnd(end, false));
        }
    }

    /// <summary>
    /// Ends the open part and segment with everything there is, because what comes next does not continue it. The first
    /// rendition breaks before the others; <see cref="Restart"/> comes after all have.
    /// </summary>
    public void Break()
    {
        if (!_isStarted && !TryStart())
        {
            return;
        }

        FlushQueues();
        Drain();
        if (_leader is null)
        {
            CloseTail();
            EndSegment(_partStart);
            return;
        }

        while (_ends.TryDequeue(out var end))
        {
            TakeAllBefore(end.At);
            EndAt(end);
        }
    }

    /// <summary>Forgets what is left and starts afresh, with a picture at its next keyframe.</summary>
    public void Restart()
    {
        _video?.Clear();
        _audio?.Clear();
        _ends.Clear();
        _lead = _video ?? _audio!;
        _taken = 0;
        _hasParts = false;
        _isStarted = false;
        Position = null;
    }

    private bool TryStart()
    {
        if (_leader is { Position: null })
        {
            return false;
        }

        // A further rendition begins where the first did, or its sequence numbers would mean other times.
        if (_leader is not null)
        {
            _video?.DropToKeyframe(_leader._startedAt - _rules.SegmentTolerance);
        }

        long start;
        if (_video is { HasAny: true })
        {
            start = _video.First;
            _audio?.DropBefore(start - _rules.AudioReach);
        }
        else if (_audio is { HasAny: true } && (_video is null || _audio.Newest - _audio.First > _rules.StallLimit))
        {
            start = _audio.First;
            _lead = _audio;
        }
        else
        {
            return false;
        }

        MoveTo(_leader?._startedAt ?? start);
        _startedAt = start;
        Position = start;
        _isStarted = true;
        return true;
    }

    private void ChooseLead()
    {
        if (_video is null || _audio?.Newest is not { } audio)
        {
            return;
        }

        if (_lead == _video && audio - _video.Newest > _rules.StallLimit)
        {
            LeadBy(_audio);
        }
        else if (_lead == _audio && audio - _video.Newest <= _rules.StallLimit / 2)
        {
            LeadBy(_video);
        }
    }

    private void LeadBy(SampleQueue queue)
    {
        _lead = queue;
        _taken = queue.CountBefore(_partStart);
    }

    private void Drain()
    {
        if (_leader is not null)
        {
            DrainBehind(_leader.Position ?? long.MinValue);
            return;
        }

        while (_taken < _lead.Ready.Length)
        {
            var isNextKeyframe = _taken + 1 < _lead.Ready.Length
                ? _lead.Ready[_taken + 1].Frame.IsKeyframe
                : _lead.IsHeldKeyframe;
            Take(_lead.Ready[_taken], isNextKeyframe);
        }
    }

    // A further rendition goes no further than the first has decided.
    private void DrainBehind(long horizon)
    {
        while (true)
        {
            var hasNext = _taken < _lead.Ready.Length;
            var next = hasNext ? _lead.Ready[_taken] : default;
            if (_ends.TryPeek(out var end))
            {
                var nextAt = hasNext ? next.At : _lead.HeldAt;
                if (nextAt >= end.At - EndTolerance)
                {
                    _ends.Dequeue();
                    EndAt(nextAt == Position ? end with { At = nextAt.Value } : end);
                    continue;
                }

                if (!hasNext && horizon - end.At > _rules.StallLimit)
                {
                    _lead.Flush();
                    TakeAllBefore(end.At);
                    _ends.Dequeue();
                    EndAt(end);
                    continue;
                }
            }

            if (!hasNext || next.End > horizon + (next.Units / 2))
            {
                return;
            }

            Follow(next);
        }
    }

    // One more leading frame, in the rendition that decides for itself.
    private void Take(Sample sample, bool isNextKeyframe)
    {
        if (sample.Units > _rules.PartTarget)
        {
            TakeLong(sample);
            return;
        }

        if (sample.End - _partStart > _rules.PartTarget)
        {
            ClosePartsBefore(sample.At);
        }

        _taken++;
        Position = sample.End;
        var length = sample.End - _partStart;
        if (_lead == _video && isNextKeyframe && IsEndDue(sample.End))
        {
            ClosePart(sample.End);
            EndSegment(sample.End);
        }
        else if (length >= _rules.PartLeast && length + sample.Units > _rules.PartTarget)
        {
            ClosePart(sample.End);
            EndSegmentIfFull(sample.End);
        }
    }

    // One more leading frame, in a rendition whose segments end where those of the first do.
    private void Follow(Sample sample)
    {
        if (sample.End - _partStart > _rules.PartTarget)
        {
            ClosePartsBefore(sample.At);
        }

        _taken++;
        Position = sample.End;
        var isEnd = _ends.TryPeek(out var end) && sample.End >= end.At - EndTolerance;
        var length = sample.End - _partStart;
        if (!isEnd && length >= _rules.PartLeast && length + sample.Units > _rules.PartTarget)
        {
            ClosePart(sample.End);
        }
    }

    // Ends a segment of a further rendition where the first one ended its own.
    private void EndAt(SegmentEnd end)
    {
        ClosePartsBefore(end.At);
        if (_hasParts)
        {
            EndSegment(end.At);
        }
        else
        {
            // It has no media for the time of a whole segment: the sequence number must be there all the same.
            _sink.AddGap(_segmentStart, Math.Max(end.At, _segmentStart + 1));
            MoveTo(Math.Max(end.At, _segmentStart));
        }

        if (end.IsDiscontinuity)
        {
            _sink.MarkDiscontinuity();
        }
    }

    private void TakeAllBefore(long at)
    {
        while (_taken < _lead.Ready.Length && _lead.Ready[_taken].At < at)
        {
            Follow(_lead.Ready[_taken]);
        }
    }

    // A frame longer than a part may be has no room in any part: it gets a segment of its own, which lists none. What is too
    // long even for that is a hole in the program.
    private void TakeLong(Sample sample)
    {
        ClosePartsBefore(sample.At);
        EndSegment(sample.At);
        var isHole = sample.Units > _rules.SegmentMost;
        if (isHole)
        {
            _lead.Shorten(_taken, Math.Min(_rules.PartTarget, HlsClock.Hz / 25));
        }

        _taken++;
        if (isHole)
        {
            ClosePart(_lead.Ready[_taken - 1].End);
            EndSegment(_partStart, isDiscontinuity: true);
            _sink.MarkDiscontinuity();
        }
        else
        {
            Emit(sample.End, isWhole: true);
            Tell(new SegmentEnd(sample.End, false));
        }

        MoveTo(sample.End);
        Position = sample.End;
    }

    // Cuts at a moment, in more than one part when leading frames were missing for longer than a part.
    private void ClosePartsBefore(long at)
    {
        while (at - _partStart > _rules.PartTarget)
        {
            var cut = _partStart + _rules.PartTarget;
            if (ClosePart(cut))
            {
                EndSegmentIfFull(cut);
            }
            else
            {
                // No track has anything here; later times may.
                var first = FirstWaiting();
                _partStart = first > _partStart ? Math.Min(at, first) : at;
            }
        }

        var isShort = at - _partStart < _rules.PartLeast;
        if (!ClosePart(at))
        {
            _partStart = Math.Max(_partStart, at);
        }
        else if (isShort && _leader is null)
        {
            // Only the last part of a segment may be short.
            EndSegment(at);
        }
        else
        {
            EndSegmentIfFull(at);
        }
    }

    private bool IsEndDue(long at)
    {
        var beganIndependent = _hasParts ? _beganIndependent : _video!.Ready[0].Frame.IsKeyframe;
        return !beganIndependent || at - _segmentStart >= _rules.SegmentTarget - _rules.SegmentTolerance;
    }

    // The end of all there is: one last part with everything where it fits, otherwise more of them.
    private void CloseTail()
    {
        _lead = _lead == _video && _audio is not null && LastEnd(_audio) > LastEnd(_video) ? _audio : _lead;
        _taken = _lead.Ready.Length;
        ClosePartsBefore(Math.Max(_partStart, LastEnd(_lead)));

        // What came too late for its own time goes last.
        if (FirstWaiting() < long.MaxValue)
        {
            ClosePart(_partStart + LateTail);
        }

        Position = _partStart;

        static long LastEnd(SampleQueue queue) => queue.Ready.Length > 0 ? queue.Ready[^1].End : long.MinValue;
    }

    private long FirstWaiting() => Math.Min(
        _video is { Ready.Length: > 0 } ? _video.First : long.MaxValue,
        _audio is { Ready.Length: > 0 } ? _audio.First : long.MaxValue);

    /// <summary>Ends the open part at a moment.</summary>
    /// <returns>False when there is nothing to put in it.</returns>
    private bool ClosePart(long at) => at > _partStart && Emit(at, isWhole: false);

    private bool Emit(long at, bool isWhole)
    {
        var videoCount = CountFor(_video, at);
        var audioCount = CountFor(_audio, at);
        if (videoCount + audioCount == 0)
        {
            return false;
        }

        var video = _video is null ? default : _video.Ready[..videoCount];
        var audio = _audio is null ? default : _audio.Ready[..audioCount];
        var cut = new PartCut(_partStart, at, _video is null || (video.Length > 0 && video[0].Frame.IsKeyframe && video[0].At >= _partStart));
        if (isWhole)
        {
            _sink.AddSegmentWithoutParts(cut, video, audio);
        }
        else
        {
            _sink.AddPart(cut, video, audio);
            _beganIndependent = _hasParts ? _beganIndependent : cut.IsIndependent;
            _hasParts = true;
        }

        _video?.RemoveFirst(videoCount);
        _audio?.RemoveFirst(audioCount);
        _taken -= _lead == _video ? videoCount : audioCount;
        _partStart = at;
        return true;
    }

    private int CountFor(SampleQueue? queue, long at) =>
        queue is null ? 0 : queue == _lead ? Math.Min(_taken, queue.CountBefore(at)) : queue.CountBefore(at);

    // Without a keyframe in time a segment must end where one more part would make it too long. Sound has no keyframes.
    private void EndSegmentIfFull(long at)
    {
        var next = at - _segmentStart + _rules.PartTarget;
        if (_leader is null
            && (next > _rules.SegmentMost || (_lead != _video && next > _rules.SegmentTarget + _rules.SegmentTolerance)))
        {
            EndSegment(at);
        }
    }

    private void EndSegment(long at, bool isDiscontinuity = false)
    {
        if (_hasParts)
        {
            _sink.EndSegment();
            _hasParts = false;
            Tell(new SegmentEnd(at, isDiscontinuity));
        }

        MoveTo(Math.Max(_partStart, at));
    }

    private void MoveTo(long at)
    {
        _partStart = at;
        _segmentStart = at;
    }

    private void FlushQueues()
    {
        _video?.Flush();
        _audio?.Flush();
    }

    private void Tell(SegmentEnd end)
    {
        foreach (var follower in _followers)
        {
            follower._ends.Enqueue(end);
        }
    }

    /// <summary>Where the first rendition ended a segment, and whether what follows does not continue it.</summary>
    private readonly record struct SegmentEnd(long At, bool IsDiscontinuity);
}
