using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Roomcast.Media;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Opus;

namespace Roomcast.Rtc.Clients;

/// <summary>A track that a client sends, or one encoding of it: VP8 in packets with a descriptor, Opus a packet each.</summary>
/// <remarks>
/// Belongs to its <see cref="ClientTransport"/>; not thread-safe. What was sent is kept for receivers that missed it. A track of
/// several encodings (simulcast, RFC 8853) is its best one, and has the others in <see cref="Encodings"/>.
/// </remarks>
public sealed class SendingTrack
{
    /// <summary>Most bytes of a frame that go into one packet.</summary>
    public const int MaxPayload = 1_100;

    /// <summary>Largest frame that is sent, in bytes.</summary>
    public const int MaxFrame = 2 << 20;

    private const int KeptPackets = 1_024;
    private const int HeadRoom = 64;
    private const int Vp8DescriptorLength = 4;

    private readonly byte[] _mid;
    private readonly byte[]? _rid;
    private readonly byte[]?[] _kept = new byte[KeptPackets][];
    private readonly uint _firstTimestamp;
    private readonly int _clockRateHz;
    private ushort _number;
    private ushort _pictureId;
    private uint _packets;
    private uint _bytes;
    private bool _isKeyframeWanted = true;

    internal SendingTrack(string mid, TrackKind kind, string streamId, string trackId, IReadOnlyList<string>? rids = null)
        : this(mid, kind, streamId, trackId, rids is { Count: > 0 } ? rids[0] : null, best: null)
    {
        Encodings = [this, .. rids?.Skip(1).Select(rid => new SendingTrack(mid, kind, streamId, trackId, rid, best: this)) ?? []];
    }

    private SendingTrack(string mid, TrackKind kind, string streamId, string trackId, string? rid, SendingTrack? best)
    {
        _mid = Encoding.ASCII.GetBytes(mid);
        _rid = rid is null ? null : Encoding.ASCII.GetBytes(rid);
        Rid = rid;
        Encodings = [this];
        Mid = mid;
        Kind = kind;
        StreamId = streamId;
        TrackId = trackId;
        _clockRateHz = kind is TrackKind.Audio ? OpusPayload.ClockRateHz : 90_000;
        Span<byte> random = stackalloc byte[12];
        RandomNumberGenerator.Fill(random);
        Ssrc = BinaryPrimitives.ReadUInt32BigEndian(random) | 2; // 1 is what receivers report as.

        // All encodings tell one time by one number, so that a picture of one is at once known in the others.
        _firstTimestamp = best?._firstTimestamp ?? BinaryPrimitives.ReadUInt32BigEndian(random[4..]);

        // RFC 3711 section 3.3.1: below 2^15, lest a lost beginning be taken for a wrap.
        _number = (ushort)(BinaryPrimitives.ReadUInt16BigEndian(random[8..]) & 0x7FFF);
        _pictureId = (ushort)(BinaryPrimitives.ReadUInt16BigEndian(random[10..]) & 0x7FFF);
    }

    /// <summary>Its section.</summary>
    public string Mid { get; }

    /// <summary>Sound or picture.</summary>
    public TrackKind Kind { get; }

    /// <summary>What it shares with the tracks that are to be kept together with it.</summary>
    public string StreamId { get; }

    /// <summary>Its id in the description.</summary>
    public string TrackId { get; }

    /// <summary>What the encoding is called among those of its track; null for a track of one.</summary>
    public string? Rid { get; }

    /// <summary>The encodings of the track, best first; itself alone for a track of one, and in the others of one with several.</summary>
    public IReadOnlyList<SendingTrack> Encodings { get; }

    /// <summary>Its source.</summary>
    public uint Ssrc { get; }

    /// <summary>Packets sent, without repeated ones.</summary>
    public long Packets => _packets;

    /// <summary>Packets sent again because a receiver missed them.</summary>
    public long Repeated { get; private set; }

    /// <summary>Keyframes that receivers asked for.</summary>
    public int KeyframesAsked { get; private set; }

    internal byte PayloadType { get; set; }

    internal byte MidId { get; set; }

    internal byte RidId { get; set; }

    internal byte AudioLevelId { get; set; }

    internal byte OrientationId { get; set; }

    /// <summary>Whether a keyframe is wanted since the last call: at the beginning, and when a receiver asks.</summary>
    public bool TakeKeyframeRequest()
    {
        var isWanted = _isKeyframeWanted;
        _isKeyframeWanted = false;
        return isWanted;
    }

    internal void AskKeyframe()
    {
        _isKeyframeWanted = true;
        KeyframesAsked++;
    }

    /// <summary>Cuts a frame into packets.</summary>
    /// <param name="frame">VP8 or Opus, 1 to <see cref="MaxFrame"/> bytes.</param>
    /// <param name="sampledAt">When it was sampled, on the line of the transport's monotonic time.</param>
    /// <param name="audioLevel">How far below full it sounds, in decibels, 0 to 127; null when not known.</param>
    /// <param name="rotationDegrees">By how much receivers are to turn a picture clockwise: 0, 90, 180 or 270.</param>
    /// <param name="send">Takes each packet, in the clear.</param>
    internal void Cut(ReadOnlySpan<byte> frame, TimeSpan sampledAt, byte? audioLevel, int rotationDegrees, Action<byte[]> send)
    {
        ArgumentOutOfRangeException.ThrowIfZero(frame.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(frame.Length, MaxFrame);
        var timestamp = TimestampAt(sampledAt);
        var step = Kind is TrackKind.Audio ? frame.Length : MaxPayload;
        for (var at = 0; at < frame.Length; at += step)
        {
            var piece = frame[at..Math.Min(frame.Length, at + step)];
            var buffer = new byte[piece.Length + HeadRoom];
            var isMarked = Kind is TrackKind.Video && at + step >= frame.Length;
            var writer = new RtpHeaderWriter(buffer, PayloadType, isMarked, _number, timestamp, Ssrc);
            writer.AddExtension(MidId, _mid);
            if (_rid is not null && RidId != 0)
            {
                writer.AddExtension(RidId, _rid);
            }

            if (audioLevel is { } level && AudioLevelId != 0)
            {
                writer.AddExtension(AudioLevelId, [Math.Min(level, (byte)127)]);
            }

            if (isMarked && OrientationId != 0)
            {
                // 3GPP TS 26.114 section 7.4.5: quarter turns, in the last packet of a picture.
                writer.AddExtension(OrientationId, [(byte)(rotationDegrees / 90 & 3)]);
            }

            var payloadAt = writer.Finish();
            if (Kind is TrackKind.Video)
            {
                // RFC 7741 section 4.2: X; S in the first piece; then I and a picture id of 15 bits.
                buffer[payloadAt] = (byte)(at == 0 ? 0x90 : 0x80);
                buffer[payloadAt + 1] = 0x80;
                buffer[payloadAt + 2] = (byte)(0x80 | (_pictureId >> 8));
                buffer[payloadAt + 3] = (byte)_pictureId;
                payloadAt += Vp8DescriptorLength;
            }

            piece.CopyTo(buffer.AsSpan(payloadAt));
            var packet = buffer[..(payloadAt + piece.Length)];
            _kept[_number % KeptPackets] = packet;
            _number++;
            _packets++;
            _bytes += (uint)piece.Length;
            send(packet);
        }

        _pictureId = (ushort)((_pictureId + 1) & 0x7FFF);
    }

    /// <summary>The packet of a number, if it is still kept.</summary>
    internal byte[]? FindSent(ushort number)
    {
        var packet = _kept[number % KeptPackets];
        if (packet is null || BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(2)) != number)
        {
            return null;
        }

        Repeated++;
        return packet;
    }

    internal void WriteReport(ref RtcpWriter writer, NtpTime ntp, TimeSpan now)
    {
        if (_packets > 0)
        {
            SenderReport.TryWrite(ref writer, Ssrc, ntp, TimestampAt(now), _packets, _bytes, []);
        }
    }

    private uint TimestampAt(TimeSpan sampledAt) =>
        unchecked(_firstTimestamp + (uint)(long)((Int128)sampledAt.Ticks * _clockRateHz / TimeSpan.TicksPerSecond));
}
