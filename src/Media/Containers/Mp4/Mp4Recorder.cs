using System.Buffers;
using Roomcast.Media.Time;

namespace Roomcast.Media.Containers.Mp4;

/// <summary>Lays the frames of a live feed into a growing fragmented file, pauses left out.</summary>
/// <remarks>
/// <para>
/// The file is a row of sections, each an init section and fragments. A new section begins when the tracks change, which MP4 has
/// no other way to say in a file that only grows; times run on. <see cref="Mp4ProgressiveFile"/> makes one ordinary file of it.
/// </para>
/// <para>
/// Recorded time begins at the first keyframe. After a pause it goes on at the end of what was recorded before, with the next
/// keyframe; after a discontinuity it goes on as the source's time does, unless that went back or far ahead. All tracks are moved
/// by the same amount, so that sound stays where it was to the picture. Not thread-safe.
/// </para>
/// </remarks>
public sealed class Mp4Recorder : IDisposable
{
    /// <summary>A gap of the source up to here is kept as it is, 10 s: what is recorded after it stays true to the clock.</summary>
    public static readonly TimeSpan MaxGap = TimeSpan.FromSeconds(10);

    private const int MaxFragmentFrames = 4_096;
    private const long MaxFragmentBytes = 64L << 20;

    private static readonly TimeSpan UsualVideoFrame = TimeSpan.FromTicks(TimeSpan.TicksPerSecond / 30);
    private static readonly TimeSpan UsualSoundFrame = TimeSpan.FromMilliseconds(20);

    private readonly IBufferWriter<byte> _output;
    private readonly TimeSpan _fragmentTarget;
    private readonly bool _cutsAtKeyframes;
    private readonly List<Lane> _lanes = [];

    private int _leadingTrackId = -1;
    private uint _sequenceNumber;
    private TimeSpan _offset;
    private TimeSpan _end;
    private TimeSpan _fragmentStart;
    private TimeSpan _startedAt;
    private int _fragmentFrames;
    private long _fragmentBytes;
    private bool _hasStarted;
    private bool _awaitsKeyframe = true;
    private bool _joinsAtEnd;
    private bool _isPaused;
    private bool _needsInit;
    private uint _messages;
    private TimeSpan _newestMessage;
    private Mp4ProducerTime? _producerTime;

    /// <summary>Begins a file.</summary>
    /// <param name="output">Takes what is to be written behind the earlier; whatever is in it after a call is whole.</param>
    /// <param name="fragmentTarget">
    /// When a fragment is full, 100 ms to 2 s: what is lost at most when the process dies, together with one frame of each track.
    /// </param>
    /// <param name="cutsAtKeyframes">Whether each keyframe of the picture begins a fragment, so that segments can be made of whole ones.</param>
    public Mp4Recorder(IBufferWriter<byte> output, TimeSpan fragmentTarget, bool cutsAtKeyframes = false)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentOutOfRangeException.ThrowIfLessThan(fragmentTarget, TimeSpan.FromMilliseconds(100));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(fragmentTarget, TimeSpan.FromSeconds(2));
        _output = output;
        _fragmentTarget = fragmentTarget;
        _cutsAtKeyframes = cutsAtKeyframes;
    }

    /// <summary>How much is recorded, pauses left out: until the end of the latest frame.</summary>
    public TimeSpan Recorded => _end;

    /// <summary>Whether a frame was taken.</summary>
    public bool HasStarted => _hasStarted;

    /// <summary>
    /// The wall clock at the time of the next frame; null when nobody knows. Where it is known, the file tells it wherever recorded time
    /// begins or goes on: at first, after a pause and after a discontinuity.
    /// </summary>
    public DateTimeOffset? WallClock { get; set; }

    /// <summary>Frames that could not be taken: they went back in time, or their track cannot go on in the same file.</summary>
    public long DroppedFrames { get; private set; }

    /// <summary>Takes the tracks that the following frames belong to.</summary>
    /// <remarks>A track that becomes one of another kind or clock under the same id is recorded no further.</remarks>
    public void SetTracks(IReadOnlyList<Track> tracks)
    {
        ArgumentNullException.ThrowIfNull(tracks);
        var leading = tracks.FirstOrDefault(track => track.Kind is TrackKind.Video) ?? (tracks.Count > 0 ? tracks[0] : null);
        _leadingTrackId = leading?.Id ?? -1;
        var isSame = _lanes.Count(lane => lane.IsPresent) == tracks.Count
            && tracks.All(track => _lanes.Exists(lane => lane.IsPresent && lane.Track.IsSameFormatAs(track)));
        if (isSame)
        {
            return;
        }

        Close();
        _lanes.ForEach(lane => lane.IsPresent = false);
        foreach (var track in tracks)
        {
            if (_lanes.Find(lane => lane.Track.Id == track.Id) is not { } known)
            {
                _lanes.Add(new Lane(track));
            }
            else if (known.Track.Kind == track.Kind && known.TimescaleHz == Mp4InitSection.TimescaleOf(track))
            {
                known.Track = track;
                known.IsPresent = true;
            }
        }

        _needsInit = true;
        _awaitsKeyframe = true;
    }

    /// <summary>The frames that follow do not continue those before.</summary>
    public void MarkDiscontinuity()
    {
        Close();
        _awaitsKeyframe = true;
    }

    /// <summary>Nothing is recorded from now on. What is recorded so far is in the output.</summary>
    public void Pause()
    {
        Close();
        _isPaused = true;
    }

    /// <summary>Goes on with the next keyframe, at the end of what is recorded.</summary>
    public void Resume()
    {
        _isPaused = false;
        _awaitsKeyframe = true;
        _joinsAtEnd = true;
    }

    /// <summary>Takes a frame; the caller keeps its own reference.</summary>
    public void Add(Frame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        if (_isPaused || _lanes.Find(lane => lane.IsPresent && lane.Track.Id == frame.TrackId) is not { } lane)
        {
            DroppedFrames += _isPaused ? 0 : 1;
            return;
        }

        if (_awaitsKeyframe)
        {
            if (frame.TrackId != _leadingTrackId || !frame.IsKeyframe)
            {
                return;
            }

            StartAt(frame.DecodeTime.SinceStart);
        }

        if (frame.DecodeTime.SinceStart < _startedAt)
        {
            return; // Sound from before the keyframe would stand before the picture.
        }

        if (!lane.Take(frame, _offset))
        {
            DroppedFrames++;
            return;
        }

        _fragmentFrames++;
        _fragmentBytes += frame.Length;
        _end = Max(_end, lane.EndOf(frame, _offset));
        var isFull = lane.NewestTime - _fragmentStart >= _fragmentTarget
            || _fragmentFrames >= MaxFragmentFrames || _fragmentBytes >= MaxFragmentBytes
            || (_cutsAtKeyframes && frame.IsKeyframe && frame.TrackId == _leadingTrackId);
        if (isFull)
        {
            Flush(keepsNewest: true);
        }
    }

    /// <summary>Writes a message that is an ID3 tag, in front of the fragment that is being gathered.</summary>
    /// <param name="at">When it holds, in the time of the frames; what is later than the newest frame is taken for the end of what is recorded.</param>
    /// <param name="tag">The tag.</param>
    /// <returns>False, and nothing is written, where that time is not recorded: before the first frame, and in a pause.</returns>
    /// <remarks>The times of messages never go back: one that is late holds with the one before.</remarks>
    public bool AddMessage(TimeSpan at, ReadOnlySpan<byte> tag)
    {
        if (!_hasStarted || _isPaused || (_awaitsKeyframe && _joinsAtEnd) || at < _startedAt
            || _lanes.Find(lane => lane.IsPresent && lane.Track.Id == _leadingTrackId) is not { } leading)
        {
            return false;
        }

        var recorded = at - _offset;
        _newestMessage = Max(_newestMessage, recorded < _end ? recorded : _end);
        WriteInit();
        new Mp4EventMessage
        {
            Scheme = Mp4EventMessage.Id3Scheme,
            TimescaleHz = (uint)leading.TimescaleHz,
            Time = new MediaTime(_newestMessage.Ticks).ToTimescale(leading.TimescaleHz),
            Id = ++_messages,
            Data = tag,
        }.Write(_output);
        return true;
    }

    /// <summary>Puts everything into the output that is not there yet.</summary>
    public void Close() => Flush(keepsNewest: false);

    /// <summary>Lets go of the frames that are not written.</summary>
    public void Dispose() => _lanes.ForEach(lane => lane.Dispose());

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;

    private void StartAt(TimeSpan time)
    {
        var recorded = _hasStarted ? time - _offset : TimeSpan.Zero;
        if (_joinsAtEnd || recorded < _end || recorded - _end > MaxGap)
        {
            recorded = _end;
        }

        // The same whole number of ticks for all tracks; each counts it in its own clock, so that frames keep their distances.
        _offset = time - recorded;
        _startedAt = time;
        _fragmentStart = recorded;
        _awaitsKeyframe = false;
        _joinsAtEnd = false;
        _hasStarted = true;
        _producerTime = WallClock is { } clock && _lanes.Find(lane => lane.IsPresent && lane.Track.Id == _leadingTrackId) is { } leading
            ? new Mp4ProducerTime(_leadingTrackId, Mp4ProducerTime.ToNtp(clock), new MediaTime(recorded.Ticks).ToTimescale(leading.TimescaleHz))
            : null;
    }

    private void WriteInit()
    {
        if (_needsInit)
        {
            _output.Write(Mp4InitSection.Write([.. _lanes.Where(lane => lane.IsPresent).Select(lane => lane.Track)]));
            _needsInit = false;
        }
    }

    private void Flush(bool keepsNewest)
    {
        var runs = ArrayPool<Mp4TrackRun>.Shared.Rent(_lanes.Count);
        try
        {
            var count = 0;
            foreach (var lane in _lanes)
            {
                if (lane.TryTakeRun(keepsNewest, out var run))
                {
                    runs[count++] = run;
                }
            }

            if (count > 0)
            {
                WriteInit();
                Mp4FragmentWriter.Write(_output, ++_sequenceNumber, runs.AsSpan(0, count), producerTime: _producerTime);
                _producerTime = null;
            }
        }
        finally
        {
            runs.AsSpan(0, _lanes.Count).Clear();
            ArrayPool<Mp4TrackRun>.Shared.Return(runs);
        }

        _fragmentFrames = 0;
        _fragmentBytes = 0;
        foreach (var lane in _lanes)
        {
            lane.Release();
            _fragmentFrames += lane.Waiting;
        }

        _fragmentStart = _lanes.Where(lane => lane.Waiting > 0).Select(lane => lane.NewestTime).DefaultIfEmpty(_end).Min();
    }

    /// <summary>What of one track is not written yet. The newest frame waits for the next, which tells how long it lasts.</summary>
    private sealed class Lane(Track track) : IDisposable
    {
        private readonly List<Mp4Sample> _samples = [];
        private long _firstTime;
        private long _newestTime = -1;
        private long _lastDuration;
        private long _nextTime;
        private int _taken;

        public Track Track { get; set; } = track;

        public bool IsPresent { get; set; } = true;

        public int TimescaleHz { get; } = Mp4InitSection.TimescaleOf(track);

        public int Waiting => _samples.Count;

        public TimeSpan NewestTime => MediaTime.FromTimescale(_newestTime, TimescaleHz).SinceStart;

        public bool Take(Frame frame, TimeSpan offset)
        {
            var time = TimeOf(frame, offset);
            if (time < 0 || time <= _newestTime || time < _nextTime)
            {
                return false;
            }

            if (_samples.Count == 0)
            {
                _firstTime = time;
            }
            else
            {
                _lastDuration = time - _newestTime;
                _samples[^1] = _samples[^1] with { Duration = (int)Math.Min(_lastDuration, int.MaxValue) };
            }

            frame.Retain();
            _newestTime = time;
            _samples.Add(Mp4Sample.Of(frame, 0, TimescaleHz));
            return true;
        }

        public TimeSpan EndOf(Frame frame, TimeSpan offset) =>
            MediaTime.FromTimescale(TimeOf(frame, offset) + DurationOf(frame), TimescaleHz).SinceStart;

        public bool TryTakeRun(bool keepsNewest, out Mp4TrackRun run)
        {
            _taken = keepsNewest ? Math.Max(0, _samples.Count - 1) : _samples.Count;
            if (_taken == 0)
            {
                run = default;
                return false;
            }

            if (!keepsNewest)
            {
                var duration = DurationOf(_samples[^1].Frame);
                _samples[^1] = _samples[^1] with { Duration = (int)duration };
                _nextTime = _newestTime + duration;
            }

            run = new Mp4TrackRun(Track.Id, _firstTime, _samples.Take(_taken).ToArray());
            return true;
        }

        public void Release()
        {
            for (var i = 0; i < _taken; i++)
            {
                _samples[i].Frame.Release();
            }

            _samples.RemoveRange(0, _taken);
            _taken = 0;
            _firstTime = _newestTime;
        }

        public void Dispose()
        {
            _taken = _samples.Count;
            Release();
        }

        private long TimeOf(Frame frame, TimeSpan offset) =>
            frame.DecodeTime.ToTimescale(TimescaleHz) - MediaTime.SpanToTimescale(offset, TimescaleHz);

        // Of a frame that none follows: what it says itself, else as long as the one before.
        private long DurationOf(Frame frame) =>
            Track.SamplesPerFrame > 0 ? Track.SamplesPerFrame
            : frame.Duration > TimeSpan.Zero ? MediaTime.SpanToTimescale(frame.Duration, TimescaleHz)
            : _lastDuration > 0 && _lastDuration < TimescaleHz ? _lastDuration
            : MediaTime.SpanToTimescale(Track.Kind is TrackKind.Video ? UsualVideoFrame : UsualSoundFrame, TimescaleHz);
    }
}
