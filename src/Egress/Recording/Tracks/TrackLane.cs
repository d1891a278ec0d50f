using System.Buffers;
using Roomcast.Egress.Composition;
using Roomcast.Media.Containers.WebM;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Opus;
using Roomcast.Rtc.Rtp.Vp8;

namespace Roomcast.Egress.Recording.Tracks;

/// <summary>One track on its way into its file, or files: pictures that are to be turned otherwise go on in another one.</summary>
/// <remarks>
/// <para>
/// Its place in time comes from its sender's clock, told by sender reports. The clock of a peer is laid beside ours once, at the
/// first report of any of its tracks, so that they stay together; a track without a report is laid by its first packet after a
/// while, since some senders report late, and with its first report like the others. A peer that sets its wall clock moves nothing.
/// </para>
/// <para>
/// Times of a file cannot go back, and what would is lost. So where timestamps of sound jump ahead, further than any packet came early
/// before, the jump is taken out until a report tells of it, seconds later: the report would take the times back by as much. Where they fall
/// behind, what follows is laid that much too early until the report, which leaves a gap then. Pictures come by bursts that look like
/// jumps, and their timestamps have none.
/// </para>
/// </remarks>
internal sealed class TrackLane : IDisposable
{
    private static readonly TimeSpan GapPatience = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan KeyframePatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReportPatience = TimeSpan.FromSeconds(5); // The queue of sound holds little more.

    /// <summary>What reports may come late by, so that a step of the wall clock has to be more.</summary>
    private static readonly TimeSpan ClockStep = TimeSpan.FromSeconds(0.5);

    /// <summary>What a packet may come early by, against the quickest lately.</summary>
    private static readonly TimeSpan MostEarly = TimeSpan.FromSeconds(0.3);

    /// <summary>By when a report has told of a jump: browsers report sound every 7.5 s at the least. Where none did, the way has become shorter.</summary>
    private static readonly TimeSpan JumpPatience = TimeSpan.FromSeconds(10);

    /// <summary>How much the quickest packet is taken to have been slower, per time that has passed since: clocks drift by a fifth of that.</summary>
    private const double Forgetting = 0.001;

    /// <summary>Most files of a track. After that many turns all are turned as the last file says.</summary>
    private const int MaxFiles = 100;

    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly OpusPacketQueue _sound = new();
    private readonly Vp8FrameAssembler _pictures = new();
    private readonly SenderClock _clock;
    private readonly SceneTrack _track;
    private readonly string _peerId;
    private readonly Func<string> _nextPath;
    private readonly RecordingDisk _disk;

    private RecordingFile? _file;
    private WebMWriter? _writer;
    private NtpTime? _peerZero;
    private NtpTime _reported;
    private TimeSpan _reportedAt;
    private bool _isReported;
    private TimeSpan _jump;
    private TimeSpan _jumpedAt;
    private TimeSpan? _quickest;
    private TimeSpan _measuredAt;
    private TimeSpan? _firstAt;
    private TimeSpan _last = TimeSpan.FromTicks(-1);
    private TimeSpan _packet;
    private TimeSpan? _blockedSince;
    private TimeSpan _askedAt = -KeyframePatience;
    private bool _needsKeyframe = true;
    private bool _isClosed;
    private int _files;
    private int _rotationDegrees;
    private int _fileRotationDegrees;

    /// <param name="peerId">Whose it is.</param>
    /// <param name="track">The track.</param>
    /// <param name="nextPath">Says where its next file is to be.</param>
    /// <param name="disk">The disk.</param>
    public TrackLane(string peerId, SceneTrack track, Func<string> nextPath, RecordingDisk disk)
    {
        _peerId = peerId;
        _track = track;
        _nextPath = nextPath;
        _disk = disk;
        _clock = new SenderClock(IsPicture ? 90_000 : OpusPayload.ClockRateHz);
    }

    public uint Ssrc => _track.Ssrc;

    public bool IsPicture => _track.Codec is SceneCodec.Vp8;

    public bool HasStarted => _files > 0;

    /// <summary>Whether its pictures are to be turned otherwise than its file says, which the next keyframe may begin another one for.</summary>
    private bool IsTurned => _writer is not null && _rotationDegrees != _fileRotationDegrees && _files < MaxFiles;

    /// <summary>Takes a sender report.</summary>
    public void TakeReport(NtpTime ntp, uint timestamp, TimeSpan at, IEnumerable<TrackLane> all)
    {
        timestamp = _track.ReportedTimestamp(timestamp, _sound.TryPeek(out var held) ? held.Duration : _packet);
        if (!_isReported)
        {
            _isReported = true;
            _quickest = null;
            _peerZero = all.Where(lane => lane != this && lane._isReported && lane._peerId == _peerId)
                .MinBy(lane => lane.ClockStepTo(ntp, at).Duration())?._peerZero ?? ntp.Add(-at);
        }
        else
        {
            var moved = ntp.Since(_clock.ToNtp(timestamp)!.Value);
            var clockStep = ClockStepTo(ntp, at);
            if (moved.Duration() > ClockStep && clockStep.Duration() > ClockStep && (moved - clockStep).Duration() <= ClockStep)
            {
                _peerZero = _peerZero!.Value.Add(moved);
            }
            else if (moved.Duration() > MostEarly)
            {
                _jump = TimeSpan.Zero;
            }
        }

        _clock.OnSenderReport(ntp, timestamp);
        (_reported, _reportedAt) = (ntp, at);
    }

    /// <summary>Whether pictures are withheld until a keyframe comes, or are in the wrong file until then, and none was asked for lately.</summary>
    /// <param name="now">From the beginning of the recording.</param>
    public bool WantsKeyframe(TimeSpan now)
    {
        if (!IsPicture || !(_needsKeyframe || IsTurned) || now - _askedAt < KeyframePatience)
        {
            return false;
        }

        _askedAt = now;
        return true;
    }

    /// <summary>Takes a packet.</summary>
    public void Take(in RtpHeader header, ReadOnlySpan<byte> packet, TimeSpan at)
    {
        if (header.PayloadType != _track.PayloadType)
        {
            return;
        }

        _firstAt ??= at;
        if (IsPicture)
        {
            _pictures.Add(header, header.PayloadOf(packet), at, _track.OrientationIn(header, packet));
        }
        else
        {
            _sound.Add(header, header.PayloadOf(packet), at);
        }
    }

    /// <summary>Writes what has come.</summary>
    /// <param name="now">From the beginning of the recording.</param>
    /// <param name="isPaused">Whether it is dropped.</param>
    /// <param name="pausedFor">How much of the time so far was paused.</param>
    /// <exception cref="RecordingFault">The disk does not take it.</exception>
    public void Write(TimeSpan now, bool isPaused, TimeSpan pausedFor)
    {
        if (_isClosed || _firstAt is not { } first || (!_clock.IsKnown && now - first < ReportPatience))
        {
            return;
        }

        if (IsPicture)
        {
            WritePictures(now, isPaused, pausedFor);
        }
        else
        {
            WriteSound(now, isPaused, pausedFor);
        }

        Drain();
    }

    /// <summary>Goes on after a pause: with a keyframe.</summary>
    public void Resume() => _needsKeyframe = true;

    /// <summary>Ends the file.</summary>
    /// <exception cref="RecordingFault">The disk does not take it.</exception>
    public void Close()
    {
        if (!_isClosed && _writer is not null)
        {
            _isClosed = true;
            EndFile(_writer);
        }
    }

    public void Dispose()
    {
        _sound.Clear();
        _pictures.Clear();
        _file?.Dispose();
    }

    /// <summary>By how much a report's wall clock went on further than time did, since the last one of this track.</summary>
    private TimeSpan ClockStepTo(NtpTime ntp, TimeSpan at) => ntp.Since(_reported) - (at - _reportedAt);

    /// <summary>Where it lies in the time since the recording began.</summary>
    private TimeSpan TimeOf(uint timestamp, TimeSpan arrivedAt)
    {
        var time = _clock.ToNtp(timestamp)!.Value.Since(_peerZero!.Value);
        if (IsPicture)
        {
            return time;
        }

        if (_jump != TimeSpan.Zero && arrivedAt - _jumpedAt > JumpPatience)
        {
            _jump = TimeSpan.Zero;
            _quickest = null;
        }

        time -= _jump;
        var way = arrivedAt - time;
        if (_quickest is { } quickest)
        {
            if (quickest - way > MostEarly)
            {
                (_jump, _jumpedAt) = (_jump + quickest - way, arrivedAt);
                (time, way) = (arrivedAt - quickest, quickest);
            }

            quickest += (arrivedAt - _measuredAt) * Forgetting;
            way = way < quickest ? way : quickest;
        }

        (_quickest, _measuredAt) = (way, arrivedAt);
        return time;
    }

    private void WriteSound(TimeSpan now, bool isPaused, TimeSpan pausedFor)
    {
        while (_sound.TryPeek(out var next))
        {
            // A packet that is missing is waited for; what is lost is silence of its length, which the times say.
            if (next.Missing > 0 && now - next.ArrivedAt < GapPatience)
            {
                return;
            }

            if (_sound.TryTake(out var packet, out var data))
            {
                _packet = packet.Duration;
                Add(packet.Timestamp, packet.Duration, packet.ArrivedAt, isKeyframe: true, default, data, isPaused, pausedFor);
            }
        }
    }

    private void WritePictures(TimeSpan now, bool isPaused, TimeSpan pausedFor)
    {
        while (true)
        {
            if (_pictures.TryTake(out var frame, out var data))
            {
                _blockedSince = null;
                _needsKeyframe |= frame.FollowsGap;
                _rotationDegrees = frame.RotationDegrees;
                if (frame.IsKeyframe)
                {
                    _needsKeyframe = false;
                    if (IsTurned)
                    {
                        EndFile(_writer!);
                    }
                }

                if (!_needsKeyframe)
                {
                    Add(frame.Timestamp, TimeSpan.Zero, frame.CompletedAt, frame.IsKeyframe, frame, data, isPaused, pausedFor);
                    _needsKeyframe |= isPaused;
                }

                continue;
            }

            if (_pictures.HeldPackets == 0)
            {
                _blockedSince = null;
                return;
            }

            _blockedSince ??= now;
            if (now - _blockedSince < GapPatience)
            {
                return;
            }

            _blockedSince = null;
            var before = _pictures.HeldPackets;
            _pictures.SkipGap();
            if (_pictures.HeldPackets == before)
            {
                return;
            }
        }
    }

    private void Add(
        uint timestamp,
        TimeSpan duration,
        TimeSpan arrivedAt,
        bool isKeyframe,
        in Vp8Frame picture,
        ReadOnlySpan<byte> data,
        bool isPaused,
        TimeSpan pausedFor)
    {
        if (_peerZero is null)
        {
            // No report in all this time: its first packet is taken for punctual.
            var zero = NtpTime.From(DateTimeOffset.UnixEpoch);
            _clock.OnSenderReport(zero.Add(arrivedAt), timestamp);
            _peerZero = zero;
        }

        var time = TimeOf(timestamp, arrivedAt) - pausedFor;
        if (isPaused || time <= _last || time < TimeSpan.Zero)
        {
            _needsKeyframe |= IsPicture; // What refers to a picture that is left out cannot be shown.
            return;
        }

        if (_writer is null)
        {
            _file = new RecordingFile(_nextPath(), _disk);
            _files++;
            _fileRotationDegrees = _rotationDegrees;
            _writer = IsPicture
                ? new WebMWriter(_buffer, WebMCodec.Vp8, Math.Max(1, picture.Width), Math.Max(1, picture.Height), 0, _rotationDegrees)
                : new WebMWriter(_buffer, WebMCodec.Opus, 0, 0, 2);
        }

        _last = time;
        _writer.Add(time, duration, isKeyframe, data);
    }

    private void EndFile(WebMWriter writer)
    {
        var front = writer.Finish();
        Drain();
        _file!.Replace(front);
        _file.Finish();
        _file.Dispose();
        (_file, _writer) = (null, null);
    }

    private void Drain()
    {
        if (_buffer.WrittenCount > 0)
        {
            try
            {
                _file!.Append(_buffer.WrittenSpan);
            }
            finally
            {
                _buffer.ResetWrittenCount();
            }
        }
    }
}
