using System.Globalization;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Worker.Composing;
using Roomcast.Egress.Worker.Native;
using Roomcast.Media;
using Roomcast.Media.Codecs;
using Roomcast.Media.Codecs.Aac;

namespace Roomcast.Egress.Worker.Sound;

/// <summary>Encodes stereo at 48 kHz as AAC-LC.</summary>
internal sealed class SoundEncoder : IDisposable
{
    /// <summary>Samples of each channel in one frame.</summary>
    public const int FrameSamples = 1_024;

    public const int SampleRateHz = 48_000;

    private readonly AvCodecContext _encoder;
    private readonly AvPacket _packet = new();
    private readonly AvFrame _frame;
    private readonly IComposerOutput _output;
    private readonly long _first;
    private long _given;

    /// <summary>Opens the encoder, and tells the output its track.</summary>
    /// <param name="bitrateBps">Bits per second.</param>
    /// <param name="first">Position of the first sample: samples of 48 kHz from the composition's first moment.</param>
    /// <param name="output">Where the frames go.</param>
    public SoundEncoder(int bitrateBps, long first, IComposerOutput output)
    {
        _output = output;
        _first = first;
        _encoder = AvCodecContext.OpenEncoder(
            "aac",
            [
                ("ar", SampleRateHz.ToString(CultureInfo.InvariantCulture)),
                ("ch_layout", "stereo"),
                ("b", bitrateBps.ToString(CultureInfo.InvariantCulture)),
                ("time_base", "1/48000"),
                ("threads", "1"),
            ],
            LibAvUtil.FloatPlanar);
        _frame = AvFrame.OfStereo(FrameSamples);
        var configuration = AacConfiguration.BuildLowComplexity(SampleRateHz, 2);
        _output.TakeTrack(TrackFactory.TryCreate(CompositionFormat.AudioTrackId, Codec.Aac, configuration.Bytes, out var track, out var fault)
            ? track
            : throw new CodecLibraryException($"The sound's configuration cannot be used ({fault})."));
    }

    /// <summary>Encodes one frame's worth; what is ready goes to the output.</summary>
    /// <returns>Frames that came out.</returns>
    public int Encode(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        _frame.MakeWritable();
        left[..FrameSamples].CopyTo(_frame.Channel(0));
        right[..FrameSamples].CopyTo(_frame.Channel(1));
        _frame.Time = _given;
        _given += FrameSamples;
        LibAvUtil.Check(_encoder.Send(_frame), "Encoding sound");
        var count = 0;
        while (_encoder.Receive(_packet) >= 0)
        {
            // The encoder begins with a unit that decodes to what was before the first sample: its delay. Its time is below zero.
            if (_packet.Time >= 0)
            {
                _output.TakeSound(_packet.Data, TimeSpan.FromTicks((_first + _packet.Time) * TimeSpan.TicksPerSecond / SampleRateHz));
                count++;
            }

            _packet.Clear();
        }

        return count;
    }

    public void Dispose()
    {
        _frame.Dispose();
        _packet.Dispose();
        _encoder.Dispose();
    }
}
