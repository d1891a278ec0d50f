using System.Globalization;
using Roomcast.Egress.Worker.Native;

namespace Roomcast.Egress.Worker.Converting;

/// <summary>Takes an encoded sound.</summary>
/// <param name="time">Samples from the first that was given; below zero for what a decoder needs before it.</param>
/// <param name="payload">The packet.</param>
internal delegate void TakeSound(long time, ReadOnlySpan<byte> payload);

/// <summary>Encodes samples without a hole. Owned by one thread.</summary>
internal sealed class SoundEncoding : IDisposable
{
    public const string Vorbis = "libvorbis";
    public const string Mp3 = "libmp3lame";
    public const string Aac = "aac";

    // Encoders that take any number get as many.
    private const int UsualSamples = 1_024;

    private readonly AvCodecContext _encoder;
    private readonly AvPacket _packet = new();
    private readonly AvFrame _frame;
    private readonly TakeSound _take;
    private readonly int _frameSamples;
    private readonly int _channels;
    private int _filled;
    private long _given;

    /// <summary>Opens an encoder.</summary>
    /// <param name="name">One of the names above.</param>
    /// <param name="sampleRateHz">Samples per second.</param>
    /// <param name="channels">One for the mean of both channels, or two.</param>
    /// <param name="bitrateBps">Bits per second of two channels.</param>
    /// <param name="take">Takes what comes out.</param>
    public SoundEncoding(string name, int sampleRateHz, int channels, int bitrateBps, TakeSound take)
    {
        (_take, _channels) = (take, channels);
        _encoder = AvCodecContext.OpenEncoder(
            name,
            [
                ("ar", sampleRateHz.ToString(CultureInfo.InvariantCulture)),
                ("ch_layout", channels == 1 ? "mono" : "stereo"),
                ("b", BitrateOf(name, channels, bitrateBps).ToString(CultureInfo.InvariantCulture)),
                ("time_base", string.Create(CultureInfo.InvariantCulture, $"1/{sampleRateHz}")),
            ],
            LibAvUtil.FloatPlanar);
        _frameSamples = _encoder.FrameSamples is > 0 and var samples ? samples : UsualSamples;
        _frame = AvFrame.OfSound(_frameSamples, channels);
        using var parameters = new AvParameters(_encoder);
        Headers = parameters.ExtraData;
    }

    /// <summary>What a decoder must know before the first packet, as the codec writes it.</summary>
    public byte[] Headers { get; }

    /// <summary>Samples of each channel so far.</summary>
    public long Given => _given + _filled;

    /// <summary>Encodes samples.</summary>
    public void Encode(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        while (!left.IsEmpty)
        {
            if (_filled == 0)
            {
                _frame.MakeWritable();
            }

            var count = Math.Min(left.Length, _frameSamples - _filled);
            Lay(left[..count], right[..count]);
            left = left[count..];
            right = right[count..];
            if (_filled == _frameSamples)
            {
                SendFrame();
            }
        }
    }

    /// <summary>Encodes what is left, filled up with silence, and gives everything that is held back.</summary>
    public void Finish()
    {
        if (_filled > 0)
        {
            for (var channel = 0; channel < _channels; channel++)
            {
                _frame.Channel(channel)[_filled..].Clear();
            }

            _filled = _frameSamples;
            SendFrame();
        }

        _encoder.SendEnd(isEncoder: true);
        Drain();
    }

    public void Dispose()
    {
        _frame.Dispose();
        _packet.Dispose();
        _encoder.Dispose();
    }

    // Three quarters for one channel; of MP3, whose rates are fixed ones, the half, which sounds as well as two channels with all.
    private static int BitrateOf(string name, int channels, int bitrateBps) => (name, channels) switch
    {
        (Mp3, 1) => NearestMp3(bitrateBps / 2),
        (Mp3, _) => NearestMp3(bitrateBps),
        (_, 1) => bitrateBps * 3 / 4,
        _ => bitrateBps,
    };

    /// <summary>The bitrates of MPEG-1 Layer III (ISO/IEC 11172-3, 2.4.2.3) from the one on that an info frame has room in.</summary>
    private static int NearestMp3(int bitrateBps)
    {
        ReadOnlySpan<int> known = [64_000, 80_000, 96_000, 112_000, 128_000, 160_000, 192_000, 224_000, 256_000, 320_000];
        foreach (var one in known)
        {
            if (one >= bitrateBps)
            {
                return one;
            }
        }

        return known[^1];
    }

    private void Lay(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        if (_channels == 2)
        {
            left.CopyTo(_frame.Channel(0)[_filled..]);
            right.CopyTo(_frame.Channel(1)[_filled..]);
        }
        else
        {
            var target = _frame.Channel(0)[_filled..];
            for (var i = 0; i < left.Length; i++)
            {
                target[i] = (left[i] + right[i]) / 2;
            }
        }

        _filled += left.Length;
    }

    private void SendFrame()
    {
        _frame.Time = _given;
        _given += _filled;
        _filled = 0;
        LibAvUtil.Check(_encoder.Send(_frame), "Encoding sound");
        Drain();
    }

    private void Drain()
    {
        while (_encoder.Receive(_packet) >= 0)
        {
            _take(_packet.Time, _packet.Data);
            _packet.Clear();
        }
    }
}
