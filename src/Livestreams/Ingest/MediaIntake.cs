using Roomcast.Media;
using Roomcast.Media.Buffers;
using Roomcast.Media.Codecs;
using Roomcast.Media.Containers.Flv;
using Roomcast.Media.Time;
using Roomcast.Rtmp.Commands;
using Roomcast.Rtmp.Connection;

namespace Roomcast.Livestreams.Ingest;

/// <summary>Turns the messages of one publisher into frames on the program timeline.</summary>
/// <remarks>
/// <para>
/// It begins by waiting for both sound and picture, for a bounded time (<see cref="TrackProbe"/>), then passes frames on as
/// they come. Tracks follow the frames: one that appears, changes or falls silent is announced at a keyframe of the picture,
/// or at once where there is none, so that what follows can be decoded.
/// </para>
/// <para>Time is handed in. One caller at a time. It holds buffers until disposed.</para>
/// </remarks>
internal sealed class MediaIntake : IDisposable
{
    /// <summary>Number of the picture's track.</summary>
    public const int PictureTrackId = 0;

    /// <summary>Number of the sound's track.</summary>
    public const int SoundTrackId = 1;

    // No encoder shows a frame later than this after decoding it; a larger offset is damage.
    private const int MaxCompositionTimeMs = 10_000;

    // What a frame may pin of the message it came in beside its own bytes, before it is given a buffer of its own.
    private const int MaxPinnedBytes = 1_024;

    private readonly IngestOptions _options;
    private readonly IngestPublisher _publisher;
    private readonly SourceTimeline _timeline;
    private readonly TrackDetector _pictureDetector = new(PictureTrackId);
    private readonly TrackDetector _soundDetector = new(SoundTrackId);
    private readonly TrackProbe _probe;

    private int? _pictureIndex;
    private int? _soundIndex;
    private Track? _picture;
    private Track? _sound;
    private Track? _waitingSound;
    private SampleClock? _sampleClock;
    private MediaTime _soundEnd = new(long.MinValue / 2);
    private TimeSpan? _pictureSince;
    private bool _hasTrueKeyframe;
    private bool _trustsClaims;
    private TimeSpan _lastPictureAt;
    private TimeSpan _lastSoundAt;

    public MediaIntake(IngestOptions options, IngestPublisher publisher)
    {
        _options = options;
        _publisher = publisher;
        _timeline = new SourceTimeline(options.MaxClockStep);
        _probe = new TrackProbe(options.ProbeTime);
    }

    /// <summary>Frames thrown away because they were damaged or came before a keyframe.</summary>
    public long DroppedFrames { get; private set; }

    /// <summary>How often the encoder's clock jumped.</summary>
    public long TimestampJumps { get; private set; }

    /// <summary>Frames passed on.</summary>
    public long PublishedFrames { get; private set; }

    /// <summary>Whether frames are passed on by now.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>The tracks as announced, picture first.</summary>
    public IReadOnlyList<Track> Tracks => [.. new[] { _picture, _sound }.OfType<Track>()];

    /// <summary>Takes one message. The caller keeps its own reference to the buffer.</summary>
    /// <param name="media">The message.</param>
    /// <param name="now">When it arrived, on a clock that only moves forward.</param>
    /// <returns>Null, or what to tell the encoder when what it sends cannot be carried.</returns>
    public RtmpStatus? Take(in RtmpMedia media, TimeSpan now)
    {
        var reader = media.Kind is RtmpMediaKind.Video ? FlvTagBodyReader.OfVideo(media.Body) : FlvTagBodyReader.OfAudio(media.Body);
        while (true)
        {
            switch (reader.TryRead(out var packet))
            {
                case FlvReadResult.End:
                    return null;

                case FlvReadResult.Malformed:
                    DroppedFrames++;
                    return null;

                default:
                    if (TakePacket(media, packet, now) is { } refusal)
                    {
                        return refusal;
                    }

                    break;
            }
        }
    }

    /// <summary>Goes on air with what there is when the time to wait for more has passed.</summary>
    /// <param name="now">As in <see cref="Take"/>.</param>
    public void Tick(TimeSpan now)
    {
        if (!HasBegun && _probe.IsOver(now))
        {
            Begin();
        }
    }

    /// <summary>Passes on what is still waiting: a short stream may end within the probe.</summary>
    public void End()
    {
        if (!HasBegun && _probe.HasMedia)
        {
            Begin();
        }
    }

    public void Dispose() => _probe.Dispose();

    private RtmpStatus? TakePacket(in RtmpMedia media, in FlvPacket packet, TimeSpan now)
    {
        var isPicture = media.Kind is RtmpMediaKind.Video;
        if (packet.Type is FlvPacketType.Other or FlvPacketType.SequenceEnd || !IsChosen(isPicture, packet.TrackIndex))
        {
            return null;
        }

        if (packet.Codec is not { } codec)
        {
            return IngestStatuses.UnsupportedCodec(packet.CodecName);
        }

        if (isPicture)
        {
            _pictureSince ??= now;
        }

        var detector = isPicture ? _pictureDetector : _soundDetector;
        var payload = media.Body.Slice(packet.Offset, packet.Length);
        if (packet.Type is FlvPacketType.SequenceStart)
        {
            _probe.Expect(isPicture, now);
            if (!detector.TrySetHeader(codec, payload, out var fault))
            {
                // A damaged header may be followed by a good one; one that says what we cannot carry will not.
                DroppedFrames++;
                return fault is TrackFault.Unsupported or TrackFault.TooLarge ? IngestStatuses.UnsupportedConfiguration(packet.CodecName) : null;
            }

            return null;
        }

        var facts = detector.Inspect(codec, payload);
        if (facts.Use is not FrameUse.Good)
        {
            DroppedFrames += facts.Use is FrameUse.Useless ? 1 : 0;
            _probe.Expect(isPicture, now);
            return null;
        }

        var buffer = media.Buffer;
        var offset = media.Offset + packet.Offset + facts.Skip;
        var length = packet.Length - facts.Skip;
        if (facts.NeedsCopy)
        {
            if (TrackDetector.TryCopy(payload[facts.Skip..], out length) is not { } copy)
            {
                DroppedFrames++;
                return null;
            }

            buffer = copy;
            offset = 0;
        }
        else
        {
            buffer.Retain();
        }

        buffer = Tighten(buffer, ref offset, length);
        var isKeyframe = facts.IsKeyframe || (packet.IsKeyframe && TrustsClaims(now));
        _hasTrueKeyframe |= isPicture && facts.IsKeyframe;
        var frame = new IngestFrame(
            detector.Track!,
            buffer,
            offset,
            length,
            media.TimestampMs,
            packet.NanosecondOffset,
            Math.Abs(packet.CompositionTimeMs) <= MaxCompositionTimeMs ? packet.CompositionTimeMs : 0,
            isKeyframe,
            facts.Samples,
            now);
        if (HasBegun)
        {
            try
            {
                PassOn(frame);
            }
            finally
            {
                buffer.Release();
            }

            return null;
        }

        DroppedFrames += _probe.Add(frame);
        Tick(now);
        return null;
    }

    /// <summary>Gives a frame that is a small part of its buffer one of its own.</summary>
    /// <remarks>
    /// All bounds further on count the bytes of frames. Without this a frame of twenty bytes, beside another track or in an
    /// aggregate, could hold a message of eight megabytes for as long as a queue or a playlist keeps it.
    /// </remarks>
    private static MediaBuffer Tighten(MediaBuffer buffer, ref int offset, int length)
    {
        if (length >= buffer.Length / 2 || buffer.Length - length <= MaxPinnedBytes)
        {
            return buffer;
        }

        var own = MediaBuffer.Rent(length);
        buffer.Span.Slice(offset, length).CopyTo(own.Span);
        buffer.Release();
        offset = 0;
        return own;
    }

    /// <summary>Whether a keyframe is what the encoder calls one, since no picture has proved to be one for too long.</summary>
    /// <remarks>
    /// There are encoders whose every keyframe is an I-picture that is no IDR picture. Decoders begin there all the same. Once
    /// believed, claims stay believed: a true keyframe that comes after all may be the only one for hours.
    /// </remarks>
    private bool TrustsClaims(TimeSpan now)
    {
        _trustsClaims |= !_hasTrueKeyframe && now - _pictureSince >= TrackProbe.MaxKeyframeWait;
        return _trustsClaims;
    }

    /// <summary>With several tracks of a kind, the default one is taken, or whichever comes first when there is none.</summary>
    private bool IsChosen(bool isPicture, int index)
    {
        ref var chosen = ref isPicture ? ref _pictureIndex : ref _soundIndex;
        if (chosen is null || (index == 0 && !HasBegun))
        {
            chosen = index;
        }

        return chosen == index;
    }

    private void Begin()
    {
        HasBegun = true;
        _picture = _probe.FirstPicture?.Track;
        _sound = _probe.FirstSound?.Track;
        DroppedFrames += _probe.TrimSound();
        _timeline.Begin(_probe.EarliestTimestamp(_options.MaxClockStep), _publisher.ProgramTimeNow);
        _lastPictureAt = _lastSoundAt = _probe.LastArrival;
        Announce();
        foreach (var frame in _probe.Frames)
        {
            PassOn(frame);
        }

        _probe.Dispose();
    }

    private void PassOn(in IngestFrame frame)
    {
        if (frame.Kind is TrackKind.Video ? !AdmitPicture(frame) : !AdmitSound(frame))
        {
            DroppedFrames++;
            return;
        }

        var placement = Place(frame);
        var decodeTime = placement.Time;
        var presentationTime = placement.SourceTime + TimeSpan.FromMilliseconds(frame.CompositionTimeMs);
        var duration = TimeSpan.Zero;
        if (frame.Kind is TrackKind.Audio)
        {
            duration = MediaTime.FromTimescale(frame.Samples, frame.Track.SampleRateHz).SinceStart;
            if (!_sampleClock!.TryPlace(placement.Time, placement.IsTimed, frame.Samples, out decodeTime))
            {
                DroppedFrames++;
                return;
            }

            presentationTime = decodeTime;
            _soundEnd = decodeTime + duration;
        }

        var published = Frame.Create(
            frame.Track.Id, decodeTime, presentationTime, duration, frame.IsKeyframe, frame.Buffer, frame.Offset, frame.Length);
        try
        {
            _publisher.Publish(published);
        }
        finally
        {
            published.Release();
        }

        PublishedFrames++;
    }

    private bool AdmitPicture(in IngestFrame frame)
    {
        _lastPictureAt = frame.Arrival;
        var isChanged = !ReferenceEquals(_picture, frame.Track);
        if (!frame.IsKeyframe)
        {
            return !isChanged;
        }

        var isSoundGone = _sound is not null && frame.Arrival - _lastSoundAt > _options.TrackSilence;
        if (isChanged || isSoundGone || _waitingSound is not null)
        {
            _picture = frame.Track;
            _sound = _waitingSound ?? (isSoundGone ? null : _sound);
            Announce();
        }

        return true;
    }

    private bool AdmitSound(in IngestFrame frame)
    {
        _lastSoundAt = frame.Arrival;
        var isPictureGone = _picture is not null && frame.Arrival - _lastPictureAt > _options.TrackSilence;
        if (ReferenceEquals(_sound, frame.Track) && !isPictureGone)
        {
            _waitingSound = null; // It has come back before the other could begin.
            return true;
        }

        if (_picture is not null && !isPictureGone)
        {
            _waitingSound = frame.Track; // Until the picture's next keyframe, where a new start is possible.
            return false;
        }

        _picture = null;
        _sound = frame.Track;
        Announce();
        return true;
    }

    private void Announce()
    {
        _waitingSound = null;
        RestartSound();
        _publisher.SetTracks(Tracks);
    }

    private SourcePlacement Place(in IngestFrame frame)
    {
        if (_timeline.TryPlace(frame.Kind, frame.TimestampMs, frame.Nanoseconds, frame.Arrival, out var placement))
        {
            return placement;
        }

        TimestampJumps++;
        _publisher.MarkDiscontinuity();
        RestartSound();
        return _timeline.Jump(frame.Kind, frame.TimestampMs, frame.Arrival, _publisher.ProgramTimeNow);
    }

    private void RestartSound() => _sampleClock = _sound is null ? null : new SampleClock(_sound.SampleRateHz, _soundEnd);
}
