using Roomcast.Feeds;
using Roomcast.Media;
using Roomcast.Media.Containers.Flv;
using Roomcast.Media.Time;
using Roomcast.Rtmp.Amf;
using Roomcast.Rtmp.Connection;

namespace Roomcast.Egress.Push;

/// <summary>Writes the items of a feed into a publishing connection, as its target must see them.</summary>
/// <remarks>
/// <para>
/// The first frame is a keyframe, at time zero, after the metadata and the codec headers. Time never goes back, whatever the
/// feed does; gaps stay as long as they were, so that the target's clock stays ours. Where there is no sound, silence is sent.
/// </para>
/// <para>One per connection, called by one owner at a time.</para>
/// </remarks>
internal sealed class PushMuxer(RtmpClientConnection engine, MediaTime? resumesAfter)
{
    // Where the feed begins anew in our past, it goes on this much after the last frame.
    private static readonly TimeSpan Seam = TimeSpan.FromMilliseconds(33);

    private const int LongestSilentBurstMs = 1_000;

    private readonly byte[] _header = new byte[FlvTagBodyWriter.MaxHeaderLength];
    private Track? _picture;
    private Track? _sound;
    private Track? _sentPicture;
    private Track? _sentSound;
    private bool _isSilent;
    private bool _hasTracks;
    private bool _hasStarted;
    private bool _isAfterGap = true;
    private bool _hasDropped;
    private bool _needsHeaders;
    private TimeSpan _shift;
    private long _lastPictureMs = -1;
    private long _lastSoundMs = -1;
    private long _silenceFromMs;
    private long _silentFrames;
    private TimeSpan _dropped;

    /// <summary>The codec that the target does not take; null while it takes all there is. Nothing is written from then on.</summary>
    public Codec? RefusedCodec { get; private set; }

    /// <summary>Whether a frame was written.</summary>
    public bool HasStarted => _hasStarted;

    /// <summary>The decode time of the last frame of the leading track that was written.</summary>
    public MediaTime? LastTime { get; private set; } = resumesAfter;

    /// <summary>Media that was not written since the last call.</summary>
    public TimeSpan TakeDroppedTime()
    {
        var dropped = _dropped;
        _dropped = TimeSpan.Zero;
        return dropped;
    }

    /// <summary>Takes the tracks that the following frames belong to.</summary>
    public void SetTracks(IReadOnlyList<Track> tracks)
    {
        _picture = tracks.FirstOrDefault(static track => track.Kind is TrackKind.Video);
        _sound = tracks.FirstOrDefault(static track => track.Kind is TrackKind.Audio);
        RefusedCodec = new[] { _picture, _sound }.OfType<Track>().Where(track => !engine.Takes(track.Codec)).Select(static track => (Codec?)track.Codec).FirstOrDefault();
        _hasTracks = true;
        _isAfterGap = true;
        _needsHeaders = true;
    }

    /// <summary>The next frames do not continue the earlier ones.</summary>
    /// <param name="hasDropped">Whether that is because we were too slow for those between.</param>
    public void MarkDiscontinuity(bool hasDropped)
    {
        _isAfterGap = true;
        _hasDropped |= hasDropped;
    }

    /// <summary>Writes one frame.</summary>
    public void Write(Frame frame)
    {
        if (RefusedCodec is not null || !_hasTracks || KindOf(frame) is not { } track)
        {
            return;
        }

        var isLeading = track == (_picture ?? _sound);
        if (_isAfterGap)
        {
            // The feed sends the keyframe first; what lags behind it of the other track has no place any more.
            if (!isLeading || !frame.IsKeyframe)
            {
                return;
            }

            Join(frame.DecodeTime);
        }

        var decodeMs = (frame.DecodeTime + _shift).ToTimescale(1_000);
        if (decodeMs < 0)
        {
            return;
        }

        if (_needsHeaders)
        {
            WriteHeaders(decodeMs);
        }

        if (isLeading)
        {
            LastTime = frame.DecodeTime;
        }

        if (track == _picture)
        {
            var shownMs = (frame.PresentationTime + _shift).ToTimescale(1_000);
            WritePicture(frame, decodeMs, (int)(shownMs - decodeMs));
        }
        else
        {
            decodeMs = _lastSoundMs = Math.Max(decodeMs, _lastSoundMs);
            var length = FlvTagBodyWriter.WriteAudioHeader(_header, track.Codec, FlvPacketType.CodedFrame);
            engine.SendMedia(RtmpMediaKind.Audio, unchecked((uint)decodeMs), _header.AsSpan(0, length), frame.Payload.Span);
        }
    }

    private Track? KindOf(Frame frame) =>
        frame.TrackId == _picture?.Id ? _picture : frame.TrackId == _sound?.Id ? _sound : null;

    // Finds the shift for what begins at a keyframe, and counts what is missing before it.
    private void Join(MediaTime decodeTime)
    {
        _isAfterGap = false;
        if (LastTime is { } last && decodeTime > last && (_hasDropped || !_hasStarted))
        {
            _dropped += decodeTime - last;
        }

        _hasDropped = false;
        if (!_hasStarted)
        {
            _hasStarted = true;
            _shift = -decodeTime.SinceStart;
            return;
        }

        var lastMs = Math.Max(_lastPictureMs, _lastSoundMs);
        if ((decodeTime + _shift).ToTimescale(1_000) <= lastMs)
        {
            _shift = TimeSpan.FromMilliseconds(lastMs) + Seam - decodeTime.SinceStart;
        }
    }

    private void WritePicture(Frame frame, long decodeMs, int compositionMs)
    {
        decodeMs = _lastPictureMs = Math.Max(decodeMs, _lastPictureMs);
        var length = FlvTagBodyWriter.WriteVideoHeader(_header, _picture!.Codec, FlvPacketType.CodedFrame, frame.IsKeyframe, compositionMs);
        engine.SendMedia(RtmpMediaKind.Video, unchecked((uint)decodeMs), _header.AsSpan(0, length), frame.Payload.Span);
        if (_isSilent)
        {
            WriteSilence(decodeMs);
        }
    }

    private void WriteSilence(long untilMs)
    {
        if (untilMs - NextSilenceMs() > LongestSilentBurstMs)
        {
            _silenceFromMs = untilMs;
            _silentFrames = 0;
        }

        while (NextSilenceMs() <= untilMs)
        {
            _lastSoundMs = NextSilenceMs();
            var length = FlvTagBodyWriter.WriteAudioHeader(_header, Codec.Aac, FlvPacketType.CodedFrame);
            engine.SendMedia(RtmpMediaKind.Audio, unchecked((uint)_lastSoundMs), _header.AsSpan(0, length), SilentAac.Frame.AsSpan());
            _silentFrames++;
        }

        long NextSilenceMs() => _silenceFromMs + SilentAac.TimeMs(_silentFrames);
    }

    private void WriteHeaders(long decodeMs)
    {
        _needsHeaders = false;
        var timestampMs = unchecked((uint)decodeMs);
        var isNewPicture = _picture is not null && (_sentPicture is null || !_picture.IsSameFormatAs(_sentPicture));
        var isNewSound = _sound is not null && (_sentSound is null || !_sound.IsSameFormatAs(_sentSound));
        var isNewSilence = _sound is null && _picture is not null && !_isSilent;
        if (!isNewPicture && !isNewSound && !isNewSilence)
        {
            return;
        }

        engine.SendMetadata(Metadata());
        if (isNewPicture)
        {
            _sentPicture = _picture;
            var length = FlvTagBodyWriter.WriteVideoHeader(_header, _picture!.Codec, FlvPacketType.SequenceStart, isKeyframe: true);
            engine.SendMedia(RtmpMediaKind.Video, timestampMs, _header.AsSpan(0, length), _picture.Configuration.Span);
        }

        if (isNewSound)
        {
            _sentSound = _sound;
            _isSilent = false;
            var length = FlvTagBodyWriter.WriteAudioHeader(_header, _sound!.Codec, FlvPacketType.SequenceStart);
            engine.SendMedia(RtmpMediaKind.Audio, timestampMs, _header.AsSpan(0, length), _sound.Configuration.Span);
        }
        else if (isNewSilence)
        {
            _sentSound = null;
            _isSilent = true;
            _silenceFromMs = decodeMs;
            _silentFrames = 0;
            var length = FlvTagBodyWriter.WriteAudioHeader(_header, Codec.Aac, FlvPacketType.SequenceStart);
            engine.SendMedia(RtmpMediaKind.Audio, timestampMs, _header.AsSpan(0, length), SilentAac.Configuration.AsSpan());
        }
    }

    private AmfObject Metadata()
    {
        const double ClassicAvc = 7;
        const double ClassicAac = 10;
        var metadata = new AmfObject { IsEcmaArray = true };
        if (_picture is { } picture)
        {
            metadata
                .Add("width", picture.Width)
                .Add("height", picture.Height)
                .Add("videocodecid", picture.Codec is Codec.H264 ? ClassicAvc : FourCcNumber(picture.Codec));
            if (picture.FrameRate > 0)
            {
                metadata.Add("framerate", picture.FrameRate);
            }
        }

        var channels = _sound?.Channels ?? SilentAac.Channels;
        return metadata
            .Add("audiocodecid", _sound is { Codec: not Codec.Aac } ? FourCcNumber(_sound.Codec) : ClassicAac)
            .Add("audiosamplerate", _sound?.SampleRateHz ?? SilentAac.SampleRateHz)
            .Add("audiosamplesize", 16)
            .Add("audiochannels", channels)
            .Add("stereo", channels == 2)
            .Add("encoder", "Roomcast");
    }

    // Enhanced RTMP v1: a FourCC as the number that its four bytes make.
    private static double FourCcNumber(Codec codec) => codec switch
    {
        Codec.H265 => 0x68_76_63_31,
        Codec.Av1 => 0x61_76_30_31,
        Codec.Vp9 => 0x76_70_30_39,
        Codec.Opus => 0x4F_70_75_73,
        _ => throw new ArgumentOutOfRangeException(nameof(codec), codec, "It has a classic number."),
    };
}
