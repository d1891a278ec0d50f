using Roomcast.Egress.Worker.Native;
using Roomcast.Media;
using Roomcast.Media.Codecs.H264;
using Roomcast.Media.Codecs.NalUnits;
using Roomcast.Media.Time;

namespace Roomcast.Egress.Worker.Converting;

/// <summary>Decodes the picture of a recording, in the order in which it is shown. Owned by one thread.</summary>
/// <param name="take">Takes each picture with its time; it is lent for the call.</param>
internal sealed class PictureReader(Action<AvFrame, TimeSpan> take) : IDisposable
{
    private const string MaxPixels = "16777216";

    private readonly AvPacket _packet = new();
    private readonly AvFrame _frame = new();
    private Track? _track;
    private AvCodecContext? _decoder;
    private int _lengthSize;
    private int _timescaleHz;
    private byte[] _parameterSets = [];
    private byte[] _unit = new byte[64 << 10];

    /// <summary>Frames that were damaged and are left out.</summary>
    public long Damaged { get; private set; }

    /// <summary>Decodes a frame.</summary>
    /// <param name="track">Its track: another configuration begins anew, as a keyframe follows.</param>
    /// <param name="timescaleHz">Units of its time in a second.</param>
    /// <param name="time">When it is shown.</param>
    /// <param name="isKeyframe">Whether decoding can start here.</param>
    /// <param name="payload">NAL units behind lengths.</param>
    /// <exception cref="ConversionException">It is no picture that is recorded here.</exception>
    public void Take(Track track, int timescaleHz, long time, bool isKeyframe, ReadOnlySpan<byte> payload)
    {
        if (_track is null || !track.IsSameFormatAs(_track))
        {
            Begin(track);
        }

        _timescaleHz = timescaleHz;
        if (!AnnexB.TryGetAnnexBLength(payload, _lengthSize, out var length))
        {
            Damaged++;
            return;
        }

        var front = isKeyframe ? _parameterSets.Length : 0;
        if (_unit.Length < front + length)
        {
            _unit = new byte[(front + length) * 2];
        }

        _parameterSets.AsSpan(0, front).CopyTo(_unit);
        if (!AnnexB.TryFromLengthPrefixed(payload, _lengthSize, _unit.AsSpan(front, length), out _) || front + length == 0)
        {
            Damaged++;
            return;
        }

        _packet.Fill(_unit.AsSpan(0, front + length));
        _packet.Time = time;
        Damaged += _decoder!.Send(_packet) < 0 ? 1 : 0; // The next keyframe mends it.
        _packet.Clear();
        Drain();
    }

    /// <summary>Gives the pictures that are still held back.</summary>
    public void Finish()
    {
        if (_decoder is not null)
        {
            _decoder.SendEnd(isEncoder: false);
            Drain();
        }
    }

    public void Dispose()
    {
        _decoder?.Dispose();
        _packet.Dispose();
        _frame.Dispose();
    }

    private void Begin(Track track)
    {
        if (track.Codec is not Codec.H264 || !AvcConfiguration.TryRead(track.Configuration, out var configuration, out _))
        {
            throw new ConversionException($"The recording's picture is {track.CodecString} and cannot be converted.");
        }

        Finish();
        _decoder?.Dispose();
        _decoder = AvCodecContext.OpenDecoder("h264", [("threads", "1"), ("max_pixels", MaxPixels)]);
        _track = track;
        _lengthSize = configuration.NalLengthSize;
        _parameterSets =
        [
            .. configuration.SequenceParameterSets.Concat(configuration.PictureParameterSets)
                .SelectMany(static set => (byte[])[0, 0, 0, 1, .. set.Span]),
        ];
    }

    private void Drain()
    {
        while (_decoder!.Receive(_frame) >= 0)
        {
            if (_frame.Time != long.MinValue && _frame.Format == LibAvUtil.Yuv420)
            {
                take(_frame, MediaTime.FromTimescale(_frame.Time, _timescaleHz).SinceStart);
            }
            else
            {
                Damaged++;
            }

            _frame.Clear();
        }
    }
}
