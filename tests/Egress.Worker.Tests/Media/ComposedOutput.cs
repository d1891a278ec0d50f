using Roomcast.Egress.Composition;
using Roomcast.Egress.Worker.Composing;
using Roomcast.Egress.Worker.Native;
using Roomcast.Media;
using Roomcast.Media.Codecs.H264;
using Roomcast.Media.Codecs.NalUnits;

namespace Roomcast.Egress.Worker.Tests.Media;

/// <summary>Keeps what a composer gives and asks, and decodes it again.</summary>
internal sealed class ComposedOutput : IComposerOutput, IDisposable
{
    private readonly AvPacket _packet = new();
    private readonly AvFrame _picture = new();
    private readonly AvFrame _sound = new();
    private AvCodecContext? _pictureDecoder;
    private AvCodecContext? _soundDecoder;
    private byte[] _parameterSets = [];

    public Track? VideoTrack { get; private set; }

    public Track? AudioTrack { get; private set; }

    /// <summary>Times of the pictures, and which are keyframes.</summary>
    public List<(TimeSpan At, bool IsKeyframe, int Length)> Pictures { get; } = [];

    /// <summary>Times of the sound frames.</summary>
    public List<TimeSpan> Sounds { get; } = [];

    public List<uint> KeyframesWanted { get; } = [];

    public List<(uint Ssrc, int Height)> HeightsPreferred { get; } = [];

    /// <summary>The last picture, decoded.</summary>
    public Shot Last => Shot.Of(_picture);

    /// <summary>Every sample of the left channel that a decoder puts out, from <see cref="Sounds"/>' first time on.</summary>
    public List<float> Left { get; } = [];

    /// <summary>The same of the right channel.</summary>
    public List<float> Right { get; } = [];

    /// <summary>Whether pictures are decoded; tests of sound do without.</summary>
    public bool DecodesPictures { get; init; } = true;

    public void TakeTrack(Track track)
    {
        if (track.Id == CompositionFormat.VideoTrackId)
        {
            Assert.Null(VideoTrack);
            VideoTrack = track;
            Assert.True(AvcConfiguration.TryRead(track.Configuration, out var avc, out _));
            _parameterSets = [.. avc.SequenceParameterSets.Concat(avc.PictureParameterSets).SelectMany(static set => (byte[])[0, 0, 0, 1, .. set.Span])];
            _pictureDecoder = AvCodecContext.OpenDecoder("h264", [("threads", "1"), ("flags", "+low_delay")]);
        }
        else
        {
            Assert.Null(AudioTrack);
            AudioTrack = track;
            _soundDecoder = AvCodecContext.OpenDecoder("aac", []);
        }
    }

    public void TakePicture(ReadOnlySpan<byte> accessUnit, TimeSpan at, bool isKeyframe)
    {
        Pictures.Add((at, isKeyframe, accessUnit.Length));
        if (!DecodesPictures)
        {
            return;
        }

        Assert.True(AnnexB.TryGetAnnexBLength(accessUnit, 4, out var length));
        var stream = new byte[length + (isKeyframe ? _parameterSets.Length : 0)];
        if (isKeyframe)
        {
            _parameterSets.CopyTo(stream, 0);
        }

        Assert.True(AnnexB.TryFromLengthPrefixed(accessUnit, 4, stream.AsSpan(stream.Length - length), out _));
        _packet.Fill(stream);
        LibAvUtil.Check(_pictureDecoder!.Send(_packet), "Decoding a composed picture");
        LibAvUtil.Check(_pictureDecoder.Receive(_picture), "Decoding a composed picture");
    }

    public void TakeSound(ReadOnlySpan<byte> accessUnit, TimeSpan at)
    {
        Sounds.Add(at);
        _packet.Fill(Adts(accessUnit));
        LibAvUtil.Check(_soundDecoder!.Send(_packet), "Decoding a composed sound");
        LibAvUtil.Check(_soundDecoder.Receive(_sound), "Decoding a composed sound");
        Assert.Equal(1_024, _sound.Samples);
        Left.AddRange(_sound.Channel(0));
        Right.AddRange(_sound.Channel(1));
        _sound.Clear();
    }

    public void WantKeyframe(uint ssrc) => KeyframesWanted.Add(ssrc);

    public void PreferHeight(uint ssrc, int height) => HeightsPreferred.Add((ssrc, height));

    /// <summary>When a sample of <see cref="Left"/> is heard.</summary>
    public TimeSpan TimeOf(int sample) => Sounds[0] + TimeSpan.FromSeconds((double)sample / SoundSource.RateHz);

    /// <summary>The loudest of the left channel in a span of composition time.</summary>
    public float Peak(double fromSeconds, double toSeconds) => Part(Left, fromSeconds, toSeconds).Max(Math.Abs);

    /// <summary>How much of one tone is in the left channel in a span of composition time, as its amplitude.</summary>
    public double Amplitude(double hz, double fromSeconds, double toSeconds)
    {
        var part = Part(Left, fromSeconds, toSeconds);
        var (sine, cosine) = (0.0, 0.0);
        for (var i = 0; i < part.Count; i++)
        {
            var angle = 2 * Math.PI * hz * i / SoundSource.RateHz;
            sine += part[i] * Math.Sin(angle);
            cosine += part[i] * Math.Cos(angle);
        }

        return 2 * double.Hypot(sine, cosine) / part.Count;
    }

    public void Dispose()
    {
        _packet.Dispose();
        _picture.Dispose();
        _sound.Dispose();
        _pictureDecoder?.Dispose();
        _soundDecoder?.Dispose();
    }

    private List<float> Part(List<float> samples, double fromSeconds, double toSeconds)
    {
        var first = (int)Math.Round((fromSeconds - Sounds[0].TotalSeconds) * SoundSource.RateHz);
        var count = (int)Math.Round((toSeconds - fromSeconds) * SoundSource.RateHz);
        return samples.GetRange(first, count);
    }

    /// <summary>ISO/IEC 14496-3, 1.A.2: AAC-LC, 48 kHz, stereo.</summary>
    private static byte[] Adts(ReadOnlySpan<byte> unit)
    {
        var length = unit.Length + 7;
        return [0xFF, 0xF1, 0x4C, (byte)(0x80 | (length >> 11)), (byte)(length >> 3), (byte)(((length & 7) << 5) | 0x1F), 0xFC, .. unit];
    }
}
