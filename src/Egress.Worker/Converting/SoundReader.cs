using Roomcast.Egress.Worker.Native;
using Roomcast.Media;
using Roomcast.Media.Codecs.Aac;
using Roomcast.Media.Time;

namespace Roomcast.Egress.Worker.Converting;

/// <summary>Takes samples that follow each other: as many of both channels.</summary>
internal delegate void TakeSamples(ReadOnlySpan<float> left, ReadOnlySpan<float> right);

/// <summary>
/// Decodes the sound of a recording to samples without a hole: where there is none, or where it is damaged, there is silence, so that
/// what follows is heard at its time. Owned by one thread.
/// </summary>
/// <param name="take">Takes the samples.</param>
internal sealed class SoundReader(TakeSamples take) : IDisposable
{
    // Frames follow each other to the sample, but for what rounding takes; more is a gap, or sound that came twice.
    private const int Tolerance = 240;

    // No recording is longer than 24 h, with whatever silence is in it.
    private static readonly TimeSpan Longest = TimeSpan.FromHours(25);

    private readonly AvPacket _packet = new();
    private readonly AvFrame _frame = new();
    private readonly float[] _silence = new float[1_024];
    private Track? _track;
    private AvCodecContext? _decoder;
    private AacConfiguration? _configuration;
    private long _first;
    private long _next;

    /// <summary>Samples per second; 0 before there was any.</summary>
    public int SampleRateHz { get; private set; }

    /// <summary>When the first sample is heard.</summary>
    public TimeSpan Start { get; private set; }

    /// <summary>Frames that were damaged: silence is in their place.</summary>
    public long Damaged { get; private set; }

    /// <summary>Decodes a frame.</summary>
    /// <param name="track">Its track.</param>
    /// <param name="time">When it is heard, in samples.</param>
    /// <param name="payload">The access unit.</param>
    /// <exception cref="ConversionException">It is no sound that is recorded here.</exception>
    public void Take(Track track, long time, ReadOnlySpan<byte> payload)
    {
        if (_track is null || !track.IsSameFormatAs(_track))
        {
            Begin(track);
        }

        var unit = new byte[AdtsHeader.MinLength + payload.Length];
        if (payload.IsEmpty || !AdtsHeader.TryWrite(_configuration!, payload.Length, unit))
        {
            Damaged++;
            return;
        }

        payload.CopyTo(unit.AsSpan(AdtsHeader.MinLength));
        _packet.Fill(unit);
        var isTaken = _decoder!.Send(_packet) >= 0;
        _packet.Clear();
        if (!isTaken || _decoder.Receive(_frame) < 0)
        {
            Damaged++;
            return;
        }

        if (_frame.Format == LibAvUtil.FloatPlanar && _frame.Channels is 1 or 2)
        {
            Lay(time);
        }

        _frame.Clear();
    }

    public void Dispose()
    {
        _decoder?.Dispose();
        _packet.Dispose();
        _frame.Dispose();
    }

    private void Begin(Track track)
    {
        if (track.Codec is not Codec.Aac || !AacConfiguration.TryRead(track.Configuration, out var configuration, out _)
            || configuration.Channels is not (1 or 2) || !AdtsHeader.TryWrite(configuration, 1, stackalloc byte[AdtsHeader.MinLength]))
        {
            throw new ConversionException($"The recording's sound is {track.CodecString} and cannot be converted.");
        }

        if (SampleRateHz != 0 && SampleRateHz != configuration.SampleRateHz)
        {
            throw new ConversionException("The recording's sound changes its sample rate and cannot be converted.");
        }

        _decoder?.Dispose();
        _decoder = AvCodecContext.OpenDecoder("aac", [("threads", "1")]);
        _track = track;
        _configuration = configuration;
    }

    private void Lay(long time)
    {
        var count = _frame.Samples;
        var left = _frame.Channel(0);
        var right = _frame.Channels == 2 ? _frame.Channel(1) : left;
        if (SampleRateHz == 0)
        {
            SampleRateHz = _configuration!.SampleRateHz;
            Start = MediaTime.FromTimescale(time, SampleRateHz).SinceStart;
            _first = _next = time;
        }

        if (time - _first > Longest.TotalSeconds * SampleRateHz)
        {
            throw new ConversionException("The times of the recording's sound are damaged.");
        }

        for (var gap = time - _next > Tolerance ? time - _next : 0; gap > 0;)
        {
            var length = (int)Math.Min(gap, _silence.Length);
            take(_silence.AsSpan(0, length), _silence.AsSpan(0, length));
            gap -= length;
            _next += length;
        }

        var twice = _next - time > Tolerance ? (int)Math.Min(_next - time, count) : 0;
        take(left[twice..], right[twice..]);
        _next += count - twice;
    }
}
