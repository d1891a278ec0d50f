using Roomcast.Egress.Worker.Native;

namespace Roomcast.Egress.Worker.Tests.Media;

/// <summary>Encodes Opus packets of 20 ms of any sound, the same in both channels.</summary>
internal sealed class SoundSource : IDisposable
{
    public const int PacketSamples = 960;
    public const int RateHz = 48_000;

    /// <summary>By how much what is decoded is later than what was encoded: the encoder's look-ahead of 6.5 ms.</summary>
    public const int DelaySamples = 312;

    private readonly AvCodecContext _encoder;
    private readonly AvPacket _packet = new();
    private readonly AvFrame _frame;
    private readonly float[] _samples = new float[PacketSamples * 2];
    private readonly Func<double, double> _sound;
    private long _number;

    /// <param name="sound">Between -1 and 1, by seconds.</param>
    /// <param name="isVoice">Whether it is encoded as voice, with redundancy for lost packets.</param>
    public SoundSource(Func<double, double> sound, bool isVoice = false)
    {
        CodecLibraries.Need();
        _sound = sound;
        _frame = AvFrame.OfStereo(PacketSamples, LibAvUtil.Float);
        _encoder = AvCodecContext.OpenEncoder(
            "libopus",
            [
                ("ar", "48000"),
                ("ch_layout", "stereo"),
                ("b", isVoice ? "40000" : "128000"),
                ("time_base", "1/48000"),
                ("application", isVoice ? "voip" : "audio"),
                ("frame_duration", "20"),
                ("fec", isVoice ? "1" : "0"),
                ("packet_loss", isVoice ? "20" : "0"),
            ],
            LibAvUtil.Float);
    }

    public static Func<double, double> Tone(double hz, double amplitude) => seconds => amplitude * Math.Sin(2 * Math.PI * hz * seconds);

    /// <summary>Encodes the next 20 ms.</summary>
    public byte[] Encode()
    {
        for (var i = 0; i < PacketSamples; i++)
        {
            var value = (float)_sound(((_number * PacketSamples) + i) / (double)RateHz);
            (_samples[i * 2], _samples[(i * 2) + 1]) = (value, value);
        }

        _frame.MakeWritable();
        _samples.CopyTo(_frame.Interleaved());
        _frame.Time = _number++ * PacketSamples;
        LibAvUtil.Check(_encoder.Send(_frame), "Encoding a test's sound");
        LibAvUtil.Check(_encoder.Receive(_packet), "Encoding a test's sound");
        var bytes = _packet.Data.ToArray();
        _packet.Clear();
        return bytes;
    }

    public void Dispose()
    {
        _frame.Dispose();
        _packet.Dispose();
        _encoder.Dispose();
    }
}
