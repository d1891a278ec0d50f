using System.Globalization;
using System.Security.Cryptography;
using Roomcast.Egress.Playback;
using Roomcast.Egress.Worker.Native;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;

namespace Roomcast.Egress.Worker.Playing;

/// <summary>One source of RTP: its numbers, its clock, and its reports.</summary>
internal sealed class RtpSource(uint ssrc, byte payloadType, int clockRateHz)
{
    private readonly byte[] _packet = new byte[1_400];
    private readonly uint _firstTimestamp = (uint)RandomNumberGenerator.GetInt32(int.MaxValue);
    private ushort _number = (ushort)RandomNumberGenerator.GetInt32(1 << 15);
    private uint _packets;
    private uint _octets;

    /// <summary>Whether anything was sent.</summary>
    public bool HasSent => _packets > 0;

    /// <summary>Sends a payload, in two parts.</summary>
    public void Send(PlayerLink link, ReadOnlySpan<byte> front, ReadOnlySpan<byte> payload, TimeSpan at, bool marker)
    {
        var header = new RtpHeaderWriter(_packet, payloadType, marker, _number++, TimestampAt(at), ssrc).Finish();
        front.CopyTo(_packet.AsSpan(header));
        payload.CopyTo(_packet.AsSpan(header + front.Length));
        link.SendPacket(_packet.AsSpan(0, header + front.Length + payload.Length), isRtcp: false);
        _packets++;
        _octets += (uint)(front.Length + payload.Length);
    }

    /// <summary>Adds its report to a compound.</summary>
    public void Report(ref RtcpWriter writer, TimeSpan at, NtpTime wallClock) =>
        SenderReport.TryWrite(ref writer, ssrc, wallClock, TimestampAt(at), _packets, _octets, []);

    private uint TimestampAt(TimeSpan at) => unchecked(_firstTimestamp + (uint)(long)Math.Round(at.TotalSeconds * clockRateHz));
}

/// <summary>Encodes pictures as VP8 (RFC 7741): no layers, a keyframe every ten seconds and when one is wanted.</summary>
internal sealed class Vp8Sender : IDisposable
{
    private const int FrameRate = 30;
    private const int MaxPayload = 1_100;

    private readonly AvPacket _packet = new();
    private readonly RtpSource _rtp = new(PlaybackWire.PictureSsrc, PlaybackWire.Vp8PayloadType, 90_000);
    private readonly PlayerLink _link;
    private AvCodecContext? _encoder;
    private ushort _pictureId = (ushort)RandomNumberGenerator.GetInt32(1 << 15);
    private long _last = -1;

    public Vp8Sender(PlayerLink link) => _link = link;

    public RtpSource Rtp => _rtp;

    /// <summary>Encodes one and sends it.</summary>
    /// <param name="picture">All have the size of the first.</param>
    /// <param name="at">When it is shown, from the player's beginning.</param>
    /// <param name="isKeyframe">Whether it is to be a keyframe.</param>
    public void Send(AvFrame picture, TimeSpan at, bool isKeyframe)
    {
        _encoder ??= Open(picture.Width, picture.Height);
        picture.Time = _last = Math.Max(_last + 1, (long)Math.Round(at.TotalSeconds * FrameRate));
        picture.WantKeyframe(isKeyframe);
        LibAvUtil.Check(_encoder.Send(picture), "Encoding a picture");
        while (_encoder.Receive(_packet) >= 0)
        {
            Packetize(_packet.Data, at);
            _packet.Clear();
        }
    }

    public void Dispose()
    {
        _packet.Dispose();
        _encoder?.Dispose();
    }

    private static AvCodecContext Open(int width, int height)
    {
        // 0.08 bits for each pixel of each picture: 2.2 Mbit/s for 1280x720.
        var bitrate = ((int)Math.Clamp(width * height * FrameRate * 0.08, 150_000, 2_500_000)).ToString(CultureInfo.InvariantCulture);
        return AvCodecContext.OpenEncoder("libvpx", [
            ("video_size", string.Create(CultureInfo.InvariantCulture, $"{width}x{height}")),
            ("pixel_format", "yuv420p"),
            ("time_base", string.Create(CultureInfo.InvariantCulture, $"1/{FrameRate}")),
            ("b", bitrate),
            ("maxrate", bitrate),
            ("minrate", "0"),
            ("bufsize", bitrate),
            ("g", "300"),
            ("deadline", "realtime"),
            ("cpu-used", "8"),
            ("lag-in-frames", "0"),
            ("auto-alt-ref", "0"),
            ("qmin", "4"),
            ("qmax", "56"),
            ("threads", "2"),
        ]);
    }

    /* RFC 7741 section 4.2: X, S on the first, PartID 0; I; a picture id of 15 bits. */
    private void Packetize(ReadOnlySpan<byte> frame, TimeSpan at)
    {
        Span<byte> descriptor = stackalloc byte[4];
        _pictureId = (ushort)((_pictureId + 1) & 0x7FFF);
        descriptor[1] = 0x80;
        descriptor[2] = (byte)(0x80 | (_pictureId >> 8));
        descriptor[3] = (byte)_pictureId;
        for (var isFirst = true; !frame.IsEmpty; isFirst = false)
        {
            descriptor[0] = (byte)(0x80 | (isFirst ? 0x10 : 0));
            var piece = frame[..Math.Min(MaxPayload, frame.Length)];
            frame = frame[piece.Length..];
            _rtp.Send(_link, descriptor, piece, at, marker: frame.IsEmpty);
        }
    }
}

/// <summary>Encodes sound as Opus, 20 ms in each packet.</summary>
internal sealed class OpusSender : IDisposable
{
    /// <summary>Samples of each channel in a packet.</summary>
    public const int FrameSamples = 960;

    private readonly AvPacket _packet = new();
    private readonly AvFrame _frame = AvFrame.OfStereo(FrameSamples, LibAvUtil.Float);
    private readonly RtpSource _rtp = new(PlaybackWire.SoundSsrc, PlaybackWire.OpusPayloadType, 48_000);
    private readonly AvCodecContext _encoder;
    private readonly PlayerLink _link;
    private long _given;

    public OpusSender(PlayerLink link)
    {
        _link = link;
        _encoder = AvCodecContext.OpenEncoder(
            "libopus",
            [("ar", "48000"), ("ch_layout", "stereo"), ("b", "128000"), ("time_base", "1/48000"), ("frame_duration", "20"), ("application", "audio")],
            LibAvUtil.Float);
    }

    public RtpSource Rtp => _rtp;

    /// <summary>Encodes 20 ms and sends them.</summary>
    public void Send(ReadOnlySpan<float> samples, TimeSpan at)
    {
        _frame.MakeWritable();
        samples.CopyTo(_frame.Interleaved());
        _frame.Time = _given;
        _given += FrameSamples;
        LibAvUtil.Check(_encoder.Send(_frame), "Encoding sound");
        while (_encoder.Receive(_packet) >= 0)
        {
            _rtp.Send(_link, [], _packet.Data, at, marker: false);
            _packet.Clear();
        }
    }

    public void Dispose()
    {
        _frame.Dispose();
        _packet.Dispose();
        _encoder.Dispose();
    }
}
